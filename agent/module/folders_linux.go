package module

import "runtime"

// triplets are the folders of Debian's multiarch.
var triplets = map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu", "386": "i386-linux-gnu", "arm": "arm-linux-gnueabihf"}

// folders of libraries: Debian's, that of 64-bit libraries elsewhere, and the general ones.
func folders() map[string][]string {
	return map[string][]string{"lib": {
		"/usr/lib/" + triplets[runtime.GOARCH], "/usr/lib64", "/usr/lib", "/usr/local/lib64", "/usr/local/lib",
	}}
}

// systemP11Kit is where Debian, Fedora, openSUSE and Arch have p11-kit's configuration and modules.
func systemP11Kit() p11kit {
	return p11kit{
		folders:   []string{"/etc/pkcs11/modules", "/usr/share/p11-kit/modules"},
		libraries: []string{"/usr/lib/" + triplets[runtime.GOARCH] + "/pkcs11", "/usr/lib64/pkcs11", "/usr/lib/pkcs11"},
	}
}
