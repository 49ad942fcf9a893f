package conformance

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// schema is the part of OpenAPI 3.0's schema object that the contract uses; a test holds the contract
// to it, so that nothing in there goes unchecked.
type schema struct {
	Ref                  string             `json:"$ref"`
	Type                 string             `json:"type"`
	Format               string             `json:"format"`
	Description          string             `json:"description"`
	Pattern              string             `json:"pattern"`
	MaxLength            int                `json:"maxLength"`
	Enum                 []any              `json:"enum"`
	Required             []string           `json:"required"`
	Properties           map[string]*schema `json:"properties"`
	AdditionalProperties *bool              `json:"additionalProperties"`
	Items                *schema            `json:"items"`
}

func (s *schema) resolve(c *contract) *schema {
	for s != nil && s.Ref != "" {
		s = c.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	return s
}

// validate tells where JSON breaks the schema. Members that the schema does not know are allowed unless
// it forbids them: clients ignore them.
func (s *schema) validate(body []byte) error {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return fmt.Errorf("not JSON")
	}
	return s.check("", value)
}

func (s *schema) check(at string, v any) error {
	s = s.resolve(&theContract)
	if len(s.Enum) > 0 && !slices.ContainsFunc(s.Enum, func(e any) bool { return reflect.DeepEqual(e, v) }) {
		return fmt.Errorf("%s is not one of %v", name(at), s.Enum)
	}
	switch s.Type {
	case "object":
		return s.checkObject(at, v)
	case "array":
		list, ok := v.([]any)
		if !ok {
			return fmt.Errorf("%s is not an array", name(at))
		}
		for i, item := range list {
			if err := s.Items.check(fmt.Sprintf("%s[%d]", at, i), item); err != nil {
				return err
			}
		}
	case "string":
		return s.checkString(at, v)
	case "integer":
		if f, ok := v.(float64); !ok || f != float64(int64(f)) {
			return fmt.Errorf("%s is not an integer", name(at))
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			return fmt.Errorf("%s is not a boolean", name(at))
		}
	}
	return nil
}

func (s *schema) checkObject(at string, v any) error {
	object, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%s is not an object", name(at))
	}
	for _, r := range s.Required {
		if _, ok := object[r]; !ok {
			return fmt.Errorf("%s is missing", name(at+"/"+r))
		}
	}
	for key, value := range object {
		p, known := s.Properties[key]
		if !known {
			if s.AdditionalProperties != nil && !*s.AdditionalProperties {
				return fmt.Errorf("%s is not a member", name(at+"/"+key))
			}
			continue
		}
		if err := p.check(at+"/"+key, value); err != nil {
			return err
		}
	}
	return nil
}

func (s *schema) checkString(at string, v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("%s is not a string", name(at))
	}
	if s.MaxLength > 0 && utf8.RuneCountInString(text) > s.MaxLength {
		return fmt.Errorf("%s is longer than %d", name(at), s.MaxLength)
	}
	if s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(text) {
		return fmt.Errorf("%s does not match %s", name(at), s.Pattern)
	}
	switch s.Format {
	case "date-time":
		t, err := time.Parse(time.RFC3339, text)
		if _, offset := t.Zone(); err != nil || offset != 0 {
			return fmt.Errorf("%s is not an RFC 3339 time in UTC", name(at))
		}
	case "byte":
		if _, err := base64.StdEncoding.Strict().DecodeString(text); err != nil || strings.ContainsAny(text, "\r\n") {
			return fmt.Errorf("%s is not standard base64", name(at))
		}
	}
	return nil
}

func name(at string) string {
	if at == "" {
		return "the body"
	}
	return at
}
