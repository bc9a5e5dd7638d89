package repo

import "testing"

// TestColumns checks that the type of every field can be selected, and stands
// for its own position.
func TestColumns(t *testing.T) {
	puts, gets := PutString[string], GetString[string]
	putn, getn := PutInt[int], GetInt[int]
	for i, f := range []FieldOf[*thing]{
		NewColumn[*thing](0),
		NewField[*thing](1, puts),
		NewNumberField[*thing](2, putn),
		NewEqualColumn[*thing](3, puts, gets),
		NewRangeColumn[*thing](4, puts, gets),
		NewLexColumn[*thing](5, puts, gets),
		NewEqualField[*thing](6, puts, gets),
		NewEqualNumber[*thing](7, putn, getn),
		NewRangeField[*thing](8, puts, gets),
		NewRangeNumber[*thing](9, putn, getn),
		NewLexField[*thing](10, puts, gets),
		NewMemberField[*thing](11, PutJSON[[]string], puts, gets),
		NewGeoField[*thing](12),
		NewNilableEqualField[*thing](13, puts, gets),
		NewNilableEqualNumber[*thing](14, putn, getn),
		NewNilableRangeField[*thing](15, puts, gets),
		NewNilableRangeNumber[*thing](16, putn, getn),
		NewNilableLexField[*thing](17, puts, gets),
		NewNilableMemberField[*thing](18, PutJSON[[]string], puts, gets),
		NewNilableGeoField[*thing](19),
	} {
		if at := f.column(nil); at != i {
			t.Errorf("%T at %d is the field at %d", f, i, at)
		}
	}
	type other struct{}
	if f, ok := any(NewColumn[*other](0)).(FieldOf[*thing]); ok {
		t.Errorf("%T can be selected of things", f)
	}
}

// TestNilable checks that IsNil asks for the field itself.
func TestNilable(t *testing.T) {
	email := NewNilableEqualField[*thing](3, PutString[string], GetString[string])
	if p := email.IsNil().p; p.op != absent || p.field != 3 {
		t.Errorf("IsNil is %+v", p)
	}
	tags := NewNilableMemberField[*thing](4, PutJSON[[]string], PutString[string], GetString[string])
	if p := tags.IsNil().p; p.op != absent || p.field != 4 {
		t.Errorf("IsNil is %+v", p)
	}
}
