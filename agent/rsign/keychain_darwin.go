package rsign

import (
	"bytes"
	"fmt"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Keys lie in files that are encrypted under one key in the user's login Keychain, as browsers keep their
// cookies: what copies the files, a backup for example, has nothing, and another program that asks the
// Keychain makes macOS ask the person. Where there is no Keychain, as in a login by SSH, a file stays what it
// is on Linux: readable by its user alone.
//
// This was compiled and vetted for macOS and never run there (2026-11-25).

// The item in the Keychain.
const (
	keychainService = "pl.odnowa.agent"
	keychainAccount = "rsign"
)

const securityFramework = "/System/Library/Frameworks/Security.framework/Security"

// Results of Security.framework (SecBase.h).
const (
	errSecDuplicateItem = -25299
	errSecItemNotFound  = -25300
)

// security are the functions of SecKeychain.h that are needed. They are deprecated since macOS 10.10 and still
// there; their successors keep such an item in the same Keychain and want CoreFoundation's dictionaries.
type security struct {
	find func(keychain uintptr, serviceLength uint32, service string, accountLength uint32, account string,
		length *uint32, data *unsafe.Pointer, item *uintptr) int32
	add func(keychain uintptr, serviceLength uint32, service string, accountLength uint32, account string,
		length uint32, data *byte, item *uintptr) int32
	free func(attributes uintptr, data unsafe.Pointer) int32
}

var loadSecurity = sync.OnceValues(func() (*security, error) {
	library, err := purego.Dlopen(securityFramework, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("loading Security.framework: %w", err)
	}
	s := &security{}
	for name, function := range map[string]any{
		"SecKeychainFindGenericPassword": &s.find, "SecKeychainAddGenericPassword": &s.add, "SecKeychainItemFreeContent": &s.free,
	} {
		address, err := purego.Dlsym(library, name)
		if err != nil {
			return nil, fmt.Errorf("loading Security.framework: %w", err)
		}
		purego.RegisterFunc(function, address)
	}
	return s, nil
})

// protect encrypts a file's content, or leaves it where there is no Keychain.
func protect(data []byte) ([]byte, error) {
	key, err := keychainKey(true)
	if err != nil {
		return data, nil //nolint:nilerr // the file's mode protects it
	}
	defer clear(key)
	return wrap(key, data)
}

// unprotect reads what protect made.
func unprotect(file []byte) ([]byte, error) {
	if !bytes.HasPrefix(file, wrapped) {
		return file, nil
	}
	key, err := keychainKey(false)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	return unwrap(key, file)
}

// keychainKey gives the key in the Keychain; where there is none yet, it makes one if it may.
func keychainKey(create bool) ([]byte, error) {
	s, err := loadSecurity()
	if err != nil {
		return nil, err
	}
	key, status := s.lookup()
	if status != errSecItemNotFound || !create {
		return key, keychainError(status)
	}
	fresh := newWrappingKey()
	status = s.add(0, uint32(len(keychainService)), keychainService, uint32(len(keychainAccount)), keychainAccount,
		uint32(len(fresh)), &fresh[0], nil)
	if status == errSecDuplicateItem { // another process was faster
		clear(fresh)
		key, status = s.lookup()
		return key, keychainError(status)
	}
	return fresh, keychainError(status)
}

func (s *security) lookup() ([]byte, int32) {
	var length uint32
	var data unsafe.Pointer
	status := s.find(0, uint32(len(keychainService)), keychainService, uint32(len(keychainAccount)), keychainAccount, &length, &data, nil)
	if status != 0 {
		return nil, status
	}
	secret := unsafe.Slice((*byte)(data), length)
	key := bytes.Clone(secret)
	clear(secret)
	s.free(0, data)
	return key, 0
}

func keychainError(status int32) error {
	if status == 0 {
		return nil
	}
	return fmt.Errorf("the Keychain does not give the key: OSStatus %d", status)
}
