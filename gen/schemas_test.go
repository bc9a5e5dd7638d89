package gen_test

import "github.com/redisgen/redisgen/schema"

// The schemas of the structs below testdata.

func userCase() *schema.Package {
	p := &schema.Package{Name: "user", Path: testdata + "user"}
	status := named(`"`+p.Path+`".Status`, str)
	e := entity("User", "users ttl=720h", []string{"Status order CreatedAt"},
		field{"ID", str, "id,key", nil},
		field{"Username", str, "username,unique,fold", nil},
		field{"Email", pointer(str), "email,unique", nil},
		field{"Status", status, "status,enum", constants(p.Path, "StatusActive=active", "StatusBlocked=blocked")},
		field{"Age", integer, "age,sort", nil},
		field{"Tags", slice(str), "tags,index", nil},
		field{"Password", bytesT, "password_hash,secret", nil},
		field{"Logins", int64T, "logins", nil},
		field{"Token", uuidT, "token,omitempty", nil},
		field{"CreatedAt", timeT, "created_at,created,sort", nil},
		field{"UpdatedAt", timeT, "updated_at,updated", nil},
		field{"ExpiresAt", pointer(timeT), "expires_at,expires", nil},
		field{"Version", int64T, "version,version", nil},
		field{"Metadata", nilable(document("map[string]any")), "metadata", nil},
	)
	e.Validates = true
	p.Entities = []*schema.Entity{e}
	return p
}

func kindsCase() *schema.Package {
	p := &schema.Package{Name: "kinds", Path: testdata + "kinds"}
	own := func(name string) string { return `"` + p.Path + `".` + name }
	var (
		name   = named(own("Name"), str)
		flag   = named(own("Flag"), boolean)
		level  = named(own("Level"), sized("", schema.Int, 8))
		size   = named(own("Size"), sized("", schema.Uint, 32))
		ratio  = named(own("Ratio"), float32T)
		blob   = named(own("Blob"), bytesT)
		labels = slice(str)
		attrs  = nilable(document(own("Attrs")))
		spot   = document(own("Point"))
		ints   = slice(integer)
		anyT   = nilable(document("any"))
	)
	labels.Go = own("Labels")
	p.Entities = []*schema.Entity{
		entity("Value", "values", nil,
			field{"ID", int64T, "id,key", nil},
			field{"String", str, "string", nil},
			field{"Bool", boolean, "bool", nil},
			field{"Int", integer, "int", nil},
			field{"Int8", sized("int8", schema.Int, 8), "int8", nil},
			field{"Rune", sized("rune", schema.Int, 32), "rune", nil},
			field{"Int64", int64T, "int64", nil},
			field{"Uint", sized("uint", schema.Uint, 0), "uint", nil},
			field{"Byte", sized("byte", schema.Uint, 8), "byte", nil},
			field{"Uint64", uint64T, "uint64", nil},
			field{"Float32", float32T, "float32", nil},
			field{"Float64", float64T, "float64", nil},
			field{"Bytes", bytesT, "bytes", nil},
			field{"Time", timeT, "time", nil},
			field{"Duration", duration, "duration", nil},
			field{"Text", addr, "text", nil},
			field{"IP", nilable(text(`"net".IP`)), "ip", nil},
			field{"Binary", binary(`"net/url".URL`), "binary", nil},
			field{"Point", spot, "point", nil},
			field{"Any", anyT, "any", nil},
			field{"Map", nilable(document("map[" + own("Name") + "][]" + own("Name"))), "map", nil},
			field{"Array", document("[2]int"), "array", nil},
			field{"Anonymous", document(`struct{A int "json:\"a\""}`), "anonymous", nil},
			field{"Name", name, "name", nil},
			field{"Flag", flag, "flag", nil},
			field{"Level", level, "level", nil},
			field{"Size", size, "size", nil},
			field{"Ratio", ratio, "ratio", nil},
			field{"Blob", blob, "blob", nil},
			field{"Labels", labels, "labels", nil},
			field{"Attrs", attrs, "attrs", nil},
		),
		entity("Pointer", "pointers", nil,
			field{"ID", sized("uint16", schema.Uint, 16), "id,key", nil},
			field{"String", pointer(str), "string", nil},
			field{"Bool", pointer(boolean), "bool", nil},
			field{"Int", pointer(integer), "int", nil},
			field{"Int64", pointer(int64T), "int64", nil},
			field{"Uint8", pointer(sized("uint8", schema.Uint, 8)), "uint8", nil},
			field{"Float32", pointer(float32T), "float32", nil},
			field{"Float64", pointer(float64T), "float64", nil},
			field{"Time", pointer(timeT), "time", nil},
			field{"Duration", pointer(duration), "duration", nil},
			field{"Text", pointer(addr), "text", nil},
			field{"Number", pointer(text(`"math/big".Int`)), "number", nil},
			field{"Binary", pointer(binary(`"net/url".URL`)), "binary", nil},
			field{"Point", pointer(spot), "point", nil},
			field{"Name", pointer(name), "name", nil},
			field{"Flag", pointer(flag), "flag", nil},
			field{"Level", pointer(level), "level", nil},
			field{"Omitted", pointer(str), "omitted,omitempty", nil},
		),
		entity("Omitted", "omitted", nil,
			field{"ID", name, "id,key", nil},
			field{"String", str, "string,omitempty", nil},
			field{"Bool", boolean, "bool,omitempty", nil},
			field{"Int", integer, "int,omitempty", nil},
			field{"Uint64", uint64T, "uint64,omitempty", nil},
			field{"Float64", float64T, "float64,omitempty", nil},
			field{"Bytes", bytesT, "bytes,omitempty", nil},
			field{"Time", timeT, "time,omitempty", nil},
			field{"Duration", duration, "duration,omitempty", nil},
			field{"Text", addr, "text,omitempty", nil},
			field{"Point", spot, "point,omitempty", nil},
			field{"Any", anyT, "any,omitempty", nil},
			field{"Slice", ints, "slice,omitempty", nil},
			field{"Map", nilable(document("map[string]int")), "map,omitempty", nil},
			field{"Flag", flag, "flag,omitempty", nil},
			field{"Labels", labels, "labels,omitempty", nil},
			field{"Attrs", attrs, "attrs,omitempty", nil},
		),
	}
	return p
}

func keysCase() *schema.Package {
	p := &schema.Package{Name: "keys", Path: testdata + "keys"}
	account := named(`"`+p.Path+`".AccountID`, str)
	serial := named(`"`+p.Path+`".Serial`, sized("", schema.Uint, 32))
	p.Entities = []*schema.Entity{
		entity("Account", "accounts ttl", nil,
			field{"ID", account, "id,key", nil},
			field{"Version", sized("uint32", schema.Uint, 32), "version,version", nil},
		),
		entity("Device", "devices ttl=90m sliding", nil,
			field{"Serial", serial, "serial,key", nil},
		),
		entity("Host", "hosts ttl=1h", nil,
			field{"Addr", addr, "addr,key", nil},
			field{"CreatedAt", pointer(timeT), "created_at,created", nil},
			field{"UpdatedAt", pointer(timeT), "updated_at,updated", nil},
			field{"ExpiresAt", timeT, "expires_at,expires", nil},
		),
		entity("Membership", "memberships", []string{"GroupID order CreatedAt"},
			field{"UserID", str, "user_id,key", nil},
			field{"GroupID", str, "group_id,key", nil},
			field{"CreatedAt", timeT, "created_at,created", nil},
		),
		entity("Lease", "leases ttl=250ms", nil,
			field{"Account", account, "account,key", nil},
			field{"Serial", serial, "serial,key", nil},
			field{"Number", int64T, "number,key", nil},
			field{"Slot", integer, "slot,key", nil},
			field{"Host", addr, "host,key", nil},
		),
	}
	return p
}

func enumsCase() *schema.Package {
	p := &schema.Package{Name: "enums", Path: testdata + "enums"}
	status := named(`"`+p.Path+`".Status`, str)
	statuses := constants(p.Path, "StatusOpen=open", "StatusClosed=closed", "StatusDefault=open")
	priority := named(`"`+p.Path+`".Priority`, sized("", schema.Uint, 8))
	priorities := constants(p.Path, "Lowest=0", "Low=1", "Normal=2", "High=3", "Highest=4")
	color := named(`"`+p.Path+`/color".Status`, integer)
	colors := constants(p.Path+"/color", "Bright=0", "Dark=1")
	p.Entities = []*schema.Entity{
		entity("Order", "orders", []string{"Status, Priority order CreatedAt"},
			field{"ID", str, "id,key", nil},
			field{"Status", status, "status,enum,unique", statuses},
			field{"Was", pointer(status), "was,enum", statuses},
			field{"Next", status, "next,enum,omitempty", statuses},
			field{"Priority", priority, "priority,enum", priorities},
			field{"Free", status, "free", nil},
			field{"Color", color, "color,enum,sort", colors},
			field{"Backup", pointer(color), "backup,enum,unique=colors", colors},
			field{"Code", str, "code,unique=colors", nil},
			field{"CreatedAt", timeT, "created_at,created", nil},
		),
		entity("Ticket", "tickets", nil,
			field{"ID", str, "id,key", nil},
			field{"Status", status, "status,enum,index", statuses},
		),
	}
	return p
}

func indexesCase() *schema.Package {
	p := &schema.Package{Name: "indexes", Path: testdata + "indexes"}
	label := named(`"`+p.Path+`".Label`, str)
	p.Entities = []*schema.Entity{
		entity("Product", "products ttl=1h", []string{"Shop, Listed order Price", "Shop order Added", "Region"},
			field{"ID", str, "id,key", nil},
			field{"Shop", str, "shop,unique=shop_sku", nil},
			field{"SKU", str, "sku,unique=shop_sku,fold", nil},
			field{"Serial", uint64T, "serial,unique", nil},
			field{"Hash", bytesT, "hash,unique", nil},
			field{"Weight", float32T, "weight,unique", nil},
			field{"Seen", pointer(timeT), "seen,unique", nil},
			field{"Host", pointer(addr), "host,unique", nil},
			field{"Fresh", duration, "fresh,unique", nil},
			field{"Region", str, "region", nil},
			field{"Building", str, "building,index=place", nil},
			field{"Floor", integer, "floor,index=place", nil},
			field{"Listed", boolean, "listed", nil},
			field{"Price", pointer(int64T), "price", nil},
			field{"Stock", integer, "stock,sort,index", nil},
			field{"Rating", float64T, "rating,sort", nil},
			field{"Warranty", duration, "warranty,sort", nil},
			field{"Title", str, "title,sort=lex,fold", nil},
			field{"Big", uint64T, "big,sort=lex", nil},
			field{"Gateway", addr, "gateway,sort=lex", nil},
			field{"Colors", slice(str), "colors,index,fold", nil},
			field{"Labels", slice(label), "labels,index", nil},
			field{"Sizes", slice(sized("int8", schema.Int, 8)), "sizes,index", nil},
			field{"Masks", slice(sized("uint", schema.Uint, 0)), "masks,index", nil},
			field{"Hosts", slice(addr), "hosts,index", nil},
			field{"Added", timeT, "added,created,sort=lex", nil},
			field{"Changed", timeT, "changed,updated,index", nil},
			field{"Until", timeT, "until,expires,sort", nil},
			field{"Version", integer, "version,version,sort", nil},
		),
	}
	return p
}

func placesCase() *schema.Package {
	p := &schema.Package{Name: "places", Path: testdata + "places"}
	p.Entities = []*schema.Entity{
		entity("Shop", "shops ttl=1h", nil,
			field{"ID", str, "id,key", nil},
			field{"Name", str, "name", nil},
			field{"Door", point, "door,geo", nil},
			field{"Depot", pointer(point), "depot,geo", nil},
			field{"Van", point, "van,geo,omitempty", nil},
			field{"Seen", point, "seen", nil},
			field{"Version", int64T, "version,version", nil},
		),
	}
	return p
}

func clashCase() *schema.Package {
	p := &schema.Package{Name: "clash", Path: testdata + "clash"}
	p.Entities = []*schema.Entity{
		entity("Role", "role ttl", nil,
			field{"ID", str, "id,key", nil},
			field{"Ctx", str, "ctx,unique", nil},
			field{"R", str, "r,unique", nil},
			field{"Row", str, "row,unique=words", nil},
			field{"Type", str, "type,unique=words", nil},
			field{"Len", integer, "len,unique=words", nil},
			field{"Repo", document(`"` + p.Path + `/repo".State`), "repo", nil},
			field{"UUID", uuidT, "uuid,unique", nil},
			field{"Mark", named(`"`+p.Path+`/uuid".Mark`, str), "mark,unique", nil},
			field{"Version", int64T, "version,version", nil},
		),
		entity("Session", "sessions", nil,
			field{"ID", str, "id,key", nil},
			field{"A", str, "a,unique=pair", nil},
			field{"B", str, "b,unique=pair", nil},
			field{"AAndB", str, "aandb,unique", nil},
			field{"Version", int64T, "version,version", nil},
		),
		entity("Sessions", "session", nil,
			field{"ID", str, "id,key", nil},
			field{"C", str, "c,unique=first,unique=second", nil},
			field{"D", str, "d,unique=first,unique=second", nil},
		),
		entity("HTTPLog", "http_logs", nil, field{"ID", str, "id,key", nil}),
		entity("HttpLog", "web_logs", nil, field{"ID", str, "id,key", nil}),
	}
	return p
}

func embeddedCase() *schema.Package {
	p := &schema.Package{Name: "embedded", Path: testdata + "embedded"}
	p.Entities = []*schema.Entity{
		entity("Document", "documents", nil,
			field{"Base.ID", str, "id,key", nil},
			field{"Base.stamps.CreatedAt", timeT, "created_at,created,sort", nil},
			field{"Base.stamps.Version", int64T, "version,version", nil},
			field{"owner.OwnerID", str, "owner_id,index", nil},
			field{"Title", str, "title", nil},
		),
	}
	return p
}

func elsewhereCase() *schema.Package {
	p := &schema.Package{Name: "app", Path: testdata + "elsewhere/app"}
	id := named(`"`+p.Path+`".ID`, str)
	status := named(`"`+p.Path+`".Status`, str)
	statuses := constants(p.Path, "StatusActive=active", "StatusBlocked=blocked", "statusHidden=hidden")
	user := entity("User", "users", nil,
		field{"ID", id, "id,key", nil},
		field{"Status", status, "status,enum,unique", statuses},
		field{"Friends", slice(id), "friends,index", nil},
		field{"Notes", nilable(document(`map["` + p.Path + `".ID]*"time".Time`)), "notes", nil},
	)
	user.Validates = true
	p.Entities = []*schema.Entity{user,
		entity("Grant", "grants", nil,
			field{"UserID", id, "user_id,key", nil},
			field{"Role", str, "role,key", nil},
			field{"Status", status, "status,enum", statuses},
		),
	}
	return p
}

func shardsCase() *schema.Package {
	p := &schema.Package{Name: "shards", Path: testdata + "shards"}
	p.Entities = []*schema.Entity{
		entity("Thread", "threads shards=16", nil,
			field{"ID", uuidT, "id,key", nil},
			field{"Slug", str, "url-slug,unique,fold,omitempty", nil},
			field{"Owner", str, "owner,unique=title", nil},
			field{"Title", pointer(str), "title,unique=title", nil},
		),
		entity("Post", "posts in=Thread", []string{"ThreadID"},
			field{"Number", integer, "number,key", nil},
			field{"ThreadID", uuidT, "thread-id,key,shard,ref=Thread,ondelete=cascade,unique=place", nil},
			field{"Place", integer, "place,unique=place", nil},
			field{"Code", str, "code,unique", nil},
		),
		entity("Board", "boards", nil,
			field{"ID", str, "id,key", nil},
		),
		entity("Card", "cards in=Board", nil,
			field{"ID", str, "id,key", nil},
			field{"BoardID", pointer(str), "board_id,index,ref=Board", nil},
			field{"After", pointer(str), "after,index,ref=Card,ondelete=restrict", nil},
		),
		entity("Pin", "pins in=Card", nil,
			field{"ID", str, "id,key", nil},
			field{"CardID", str, "card_id,index,ref=Card,ondelete=cascade", nil},
		),
	}
	return p
}
