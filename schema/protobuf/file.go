package protobuf

// File is the structure of a .proto file: what it says, without comments and
// layout. Names of types stay as they were written.
type File struct {
	Syntax        string // "proto2", "proto3", or "" where the text declares none
	Edition       string // "2023", or "" where the text declares none
	Package       string
	Imports       []string // without public and weak ones; weak imports are not kept
	PublicImports []string
	Options       []Option
	Messages      []*Message
	Enums         []*Enum
	Extends       []*Extend
	Services      []*Service
	text          string // that it was read from, "" if from no text
	normal        bool   // in normal form, whose field options are sorted throughout
	rawDefaults   bool   // some default does not survive printing without quotes
}

// Message is a message type, or the body of a group.
type Message struct {
	Name       string
	Reserved   []Reserved
	Options    []Option
	Fields     []*Field // without those of oneofs
	OneOfs     []*OneOf
	Groups     []*Group // without those of oneofs
	Extensions []Extensions
	Extends    []*Extend
	Messages   []*Message
	Enums      []*Enum
	hollow     bool // had oneofs, but only empty ones, which the normal form drops
}

// Label is what a field says of its cardinality; "" where it says nothing.
type Label string

// The labels.
const (
	Optional Label = "optional"
	Required Label = "required"
	Repeated Label = "repeated"
)

// Field is a field of a message, a oneof, a group or an extend block.
type Field struct {
	Label    Label
	Key      string // key type of a map, "" on other fields
	Type     string // value type of a map, else the type
	Name     string
	Tag      int32
	Options  []Option
	Default  *string // the value as text, without quotes and escapes
	JSONName *string
}

// OneOf is a set of fields of which at most one is present.
type OneOf struct {
	Name    string
	Options []Option
	Fields  []*Field
	Groups  []*Group
}

// Group is the outdated form of a field with its own message type.
type Group struct {
	Label   Label
	Tag     int32
	Options []Option
	Body    Message // Body.Name is the name of the group
}

// Enum is an enum type.
type Enum struct {
	Name      string
	Reserved  []Reserved
	Options   []Option
	Constants []Constant
}

// Constant is a value of an enum.
type Constant struct {
	Name    string
	Number  int32
	Options []Option
}

// Reserved is one "reserved" statement.
type Reserved []Range

// Range is one entry of a "reserved" or "extensions" statement: either a name,
// or the numbers from Start to End, both included.
type Range struct {
	Start, End int32
	Span       bool // written with "to", even if Start is End
	Name       string
	Named      bool
	Bare       bool // the name stands without quotes, as editions write it
}

// Extensions is one "extensions" statement.
type Extensions struct {
	Ranges  []Range
	Options []Option
}

// Extend is one "extend" block.
type Extend struct {
	Name   string // the extended message
	Fields []*Field
	Groups []*Group
}

// Service is a service.
type Service struct {
	Name    string
	Options []Option
	RPCs    []RPC
}

// RPC is a method of a service.
type RPC struct {
	Name                            string
	Request, Response               string
	RequestStreams, ResponseStreams bool
	Options                         []Option
}

// maxTag is the highest field number, written "max" in ranges.
const maxTag = 1<<29 - 1

// scalars holds the built-in types. A map key may be of those that are true.
var scalars = map[string]bool{
	"bool": true, "bytes": false, "double": false, "fixed32": true, "fixed64": true,
	"float": false, "int32": true, "int64": true, "sfixed32": true, "sfixed64": true,
	"sint32": true, "sint64": true, "string": true, "uint32": true, "uint64": true,
}

// IsScalar reports whether a type name as written is that of a built-in type.
func IsScalar(name string) bool {
	_, ok := scalars[name]
	return ok
}

// IsMapEntry reports whether m is the long form of a map: a message of key
// and value with the option map_entry.
func (m *Message) IsMapEntry() bool {
	return flag(m.Options, "map_entry")
}

// MapEntry returns the key and value types of a map entry message.
func (m *Message) MapEntry() (key, value string, ok bool) {
	if !m.IsMapEntry() {
		return "", "", false
	}
	for _, f := range m.Fields {
		switch f.Tag {
		case 1:
			key = f.Type
		case 2:
			value = f.Type
		}
	}
	return key, value, key != "" && value != ""
}
