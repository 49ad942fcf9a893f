package log

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// clean gives what may be seen of a value under a key: scalars that look harmless, and maps and
// lists of them. What it does not know it turns into JSON first, so that nothing hides in a struct.
func clean(key string, v any) any {
	if !allowed(key) {
		return Redacted
	}
	switch v := v.(type) {
	case nil, bool:
		return v
	case string:
		return scrub(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case time.Duration:
		return v.String()
	case error:
		return scrub(v.Error())
	case fmt.Stringer:
		return scrub(v.String())
	case map[string]any:
		return cleanMap(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = clean(key, v[i])
		}
		return out
	}
	return cleanOther(key, v)
}

func cleanMap(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k := range m {
		out[scrub(k)] = clean(k, m[k])
	}
	return out
}

func cleanOther(key string, v any) any {
	switch rv := reflect.ValueOf(v); rv.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return cleanNumber(key, v, strconv.FormatInt(rv.Int(), 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return cleanNumber(key, v, strconv.FormatUint(rv.Uint(), 10))
	case reflect.Float32, reflect.Float64:
		return cleanNumber(key, v, strconv.FormatFloat(rv.Float(), 'f', -1, 64))
	case reflect.String:
		return scrub(rv.String())
	case reflect.Slice:
		if rv.Type().Elem().Kind() == reflect.Uint8 {
			return Redacted // bytes are never a log's business
		}
	}
	return cleanJSON(key, v)
}

func cleanNumber(key string, v any, digits string) any {
	if !slices.Contains(harmless, key) && pinLike.MatchString(digits) {
		return Redacted
	}
	return v
}

func cleanJSON(key string, v any) any {
	data, err := json.Marshal(v)
	if err != nil {
		return Redacted
	}
	var plain any
	if err := json.Unmarshal(data, &plain); err != nil {
		return Redacted
	}
	return clean(key, plain)
}
