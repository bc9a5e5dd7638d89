package storage

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// introduction is what docs/storage-config.md says before the settings.
//
//go:embed reference.md
var introduction string

// Reference writes the documentation of configurations and of all settings of the backends
// that are known, in Markdown: docs/storage-config.md.
func Reference(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString(introduction)
	for _, d := range Drivers() {
		d.reference(&b)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// reference writes the section of a backend.
func (d Driver) reference(b *bytes.Buffer) {
	fmt.Fprintf(b, "\n## %s\n\n", d.Type)
	if d.Summary != "" {
		fmt.Fprintf(b, "%s\n\n", capital(sentence(d.Summary)))
	}
	if len(d.Settings) == 0 {
		b.WriteString("It has no settings.\n")
		return
	}
	b.WriteString("| setting | type | default | what it is | environment |\n| --- | --- | --- | --- | --- |\n")
	for _, s := range d.Settings {
		cells := []string{"`" + s.Path + "`", s.describeKind(), s.describeDefault(), sentence(s.Doc), "`" + EnvPrefix + envName(s.Path) + "`"}
		for i := range cells {
			cells[i] = strings.ReplaceAll(cells[i], "|", `\|`)
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
}

// describeKind returns the type of a value, with its unit and bounds.
func (s Setting) describeKind() string {
	text := kindNames[s.Kind]
	switch span := s.span(); {
	case s.Choices != nil:
		text = strings.TrimSuffix(text, "text") + "`" + strings.Join(s.Choices, "`, `") + "`"
	case span != "":
		text += ", " + span
	case s.unit() != "":
		text += ", " + s.unit()
	}
	if s.Secret {
		text += ", secret"
	}
	return text
}

// kindNames are how the documentation calls types.
var kindNames = map[Kind]string{
	Text: "text", Integer: "integer", Number: "number", Flag: "flag", Texts: "list of text", Seconds: "number",
}

// describeDefault returns the value of a setting that is left out, as JSON has it.
func (s Setting) describeDefault() string {
	switch value := plainSetting(s.Default).(type) {
	case nil:
		if s.Required {
			return "required"
		}
		return ""
	case string:
		return fmt.Sprintf("`%q`", value)
	case []string:
		return "`[\"" + strings.Join(value, `", "`) + "\"]`"
	case float64:
		return "`" + decimal(value) + "`"
	default:
		return fmt.Sprintf("`%v`", value)
	}
}

// sentence returns a text with a full stop at its end.
func sentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if text == "" || strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}

// capital returns a text with a capital at its start.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}
