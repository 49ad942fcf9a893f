package policy

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/windows/registry"
)

// Windows' group policy writes the machine's policy into the registry, where it is in front of the file:
// HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Odnowa\Agent, which only administrators can write. The user's own half
// of the registry (HKEY_CURRENT_USER) is never read.
//
// It has the members of [Policy] by their JSON names, in the forms that an ADMX template can write:
//
//	number, true or false     REG_DWORD or REG_QWORD; 1 and 0
//	text                      REG_SZ
//	list                      a key whose values (REG_SZ) are the members in the order of the values' names,
//	                          as numbers where they are: 1, 2, ... 10. The names say nothing else, so that
//	                          templates may number them or not.
//	list of structures        the same; each value is the JSON of one: Origins\1 is
//	                          {"origin":"https://ca.example","sealKeys":["MFkw..."]}
//	structure                 a key with its members: Extensions\Chromium\1 is an extension's id
//
// As in the file, a member that Policy has not is an error, and so is a value of another type.
const registryPath = `SOFTWARE\Policies\Odnowa\Agent`

// registryName is the key as administrators write it.
const registryName = `HKLM\` + registryPath

// readRegistry gives the members that the machine's key has, as JSON. The error is fs.ErrNotExist where there
// is no key.
func readRegistry() (map[string]json.RawMessage, error) {
	return readKey(registry.LOCAL_MACHINE, registryPath, reflect.TypeFor[Policy]())
}

// registryStamp differs once readRegistry may give something else; empty where there is no key.
func registryStamp() string { return keyStamp(registry.LOCAL_MACHINE, registryPath, 0) }

// registryAccess reads, also from a 32-bit process, what the system's own programs see.
const registryAccess = registry.QUERY_VALUE | registry.ENUMERATE_SUB_KEYS | registry.WOW64_64KEY

func openKey(root registry.Key, path string) (registry.Key, error) {
	k, err := registry.OpenKey(root, path, registryAccess)
	if errors.Is(err, registry.ErrNotExist) {
		err = fs.ErrNotExist
	}
	return k, err
}

// readKey reads a structure's members.
func readKey(root registry.Key, path string, structure reflect.Type) (map[string]json.RawMessage, error) {
	k, err := openKey(root, path)
	if err != nil {
		return nil, err
	}
	defer k.Close()
	values, err := k.ReadValueNames(0)
	if err != nil {
		return nil, err
	}
	keys, err := k.ReadSubKeyNames(0)
	if err != nil {
		return nil, err
	}
	members := map[string]json.RawMessage{}
	for _, name := range values {
		if name == "" {
			continue // the key's default value, which editors make
		}
		field, err := member(structure, name)
		if err == nil {
			members[jsonName(field)], err = readValue(k, name, field.Type)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, name := range keys {
		field, err := member(structure, name)
		if err == nil {
			members[jsonName(field)], err = readSubkey(k, name, field.Type)
		}
		if err != nil {
			return nil, fmt.Errorf(`%s\: %w`, name, err)
		}
	}
	return members, nil
}

// member finds a field by its JSON name; the registry knows no capitals.
func member(structure reflect.Type, name string) (reflect.StructField, error) {
	for f := range structure.Fields() {
		if j := jsonName(f); j != "" && strings.EqualFold(j, name) {
			return f, nil
		}
	}
	return reflect.StructField{}, errors.New("the policy has no such member")
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

var errRegistryType = errors.New("the value has another type than the member")

// readValue reads a member that is no list and no structure.
func readValue(k registry.Key, name string, member reflect.Type) (json.RawMessage, error) {
	if member.Kind() == reflect.Pointer { // a member that tells "no" from "not said"
		member = member.Elem()
	}
	if member.Kind() == reflect.Pointer { // of a member that may be absent
		member = member.Elem()
	}
	switch member.Kind() {
	case reflect.String:
		return readText(k, name)
	case reflect.Bool, reflect.Int, reflect.Int64:
		n, _, err := k.GetIntegerValue(name)
		if err != nil {
			return nil, errRegistryType
		}
		if member.Kind() != reflect.Bool {
			return json.RawMessage(strconv.FormatUint(n, 10)), nil
		}
		if n > 1 {
			return nil, errors.New("want 1 or 0")
		}
		return json.RawMessage(strconv.FormatBool(n == 1)), nil
	}
	return nil, errors.New("the member is a key, not a value")
}

func readText(k registry.Key, name string) (json.RawMessage, error) {
	s, kind, err := k.GetStringValue(name)
	if err != nil || kind != registry.SZ {
		return nil, errRegistryType
	}
	return json.Marshal(s)
}

// readSubkey reads a list or a structure.
func readSubkey(k registry.Key, name string, member reflect.Type) (json.RawMessage, error) {
	switch member.Kind() {
	case reflect.Struct:
		members, err := readKey(k, name, member)
		if err != nil {
			return nil, err
		}
		return json.Marshal(members)
	case reflect.Slice:
		list, err := readList(k, name, member.Elem().Kind() == reflect.Struct)
		if err != nil {
			return nil, err
		}
		return json.Marshal(list)
	}
	return nil, errors.New("the member is a value, not a key")
}

func readList(parent registry.Key, name string, structures bool) ([]json.RawMessage, error) {
	k, err := openKey(parent, name)
	if err != nil {
		return nil, err
	}
	defer k.Close()
	if keys, err := k.ReadSubKeyNames(1); err == nil && len(keys) > 0 {
		return nil, errors.New("the list has a key in it")
	}
	names, err := k.ReadValueNames(0)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(names, byNumber)
	list := []json.RawMessage{}
	for _, n := range names {
		if n == "" {
			continue
		}
		text, err := readText(k, n)
		if err == nil && structures {
			text, err = structureOf(text)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", n, err)
		}
		list = append(list, text)
	}
	return list, nil
}

// structureOf takes the JSON out of a text.
func structureOf(text json.RawMessage) (json.RawMessage, error) {
	var inner string
	if err := json.Unmarshal(text, &inner); err != nil {
		return nil, err
	}
	if !json.Valid([]byte(inner)) || !strings.HasPrefix(strings.TrimSpace(inner), "{") {
		return nil, errors.New("not a JSON object")
	}
	return json.RawMessage(inner), nil
}

// byNumber puts 10 behind 9, and what is no number behind all numbers.
func byNumber(a, b string) int {
	x, errA := strconv.Atoi(a)
	y, errB := strconv.Atoi(b)
	switch {
	case errA == nil && errB == nil:
		return cmp.Compare(x, y)
	case errA == nil:
		return -1
	case errB == nil:
		return 1
	}
	return strings.Compare(a, b)
}

// keyStamp has the times of the key and of all below it: a key's own time does not change with those.
func keyStamp(root registry.Key, path string, depth int) string {
	k, err := openKey(root, path)
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	if err != nil {
		return err.Error()
	}
	defer k.Close()
	info, err := k.Stat()
	if err != nil {
		return err.Error()
	}
	stamp := fmt.Sprint(info.ModTime().UnixNano(), info.ValueCount)
	names, err := k.ReadSubKeyNames(0)
	if err != nil || depth > 2 {
		return stamp
	}
	for _, name := range names {
		stamp += " " + name + " " + keyStamp(k, name, depth+1)
	}
	return stamp
}
