package service

import (
	"bufio"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestOwner(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			if strings.HasPrefix(address, "[") && !hasIPv6Loopback() {
				continue // a machine without IPv6 has no such connections either
			}
			t.Fatal(err)
		}
		defer l.Close()
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		clientAddr, serverAddr := client.LocalAddr().(*net.TCPAddr), client.RemoteAddr().(*net.TCPAddr)
		if got, err := owner(clientAddr, serverAddr); err != nil || got != strconv.Itoa(os.Getuid()) {
			t.Errorf("%s: got %q, %v", address, got, err)
		}
		other := *clientAddr
		other.Port++
		if got, err := owner(&other, serverAddr); err == nil {
			t.Errorf("%s: a connection that is not there belongs to %q", address, got)
		}
		client.Close()
		if got, err := owner(clientAddr, serverAddr); err == nil {
			t.Errorf("%s: a closed connection belongs to %q", address, got)
		}
	}
}

func TestFindOwner(t *testing.T) {
	const line = "  13: 0100007F:D431 0100007F:58AD 01 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0 20 4 30 10 -1\n"
	for _, c := range []struct{ name, table, want string }{
		{"found", line, "1000"},
		{"behind others", strings.Replace(line, "D431", "D432", 1) + line, "1000"},
		{"closing", strings.Replace(line, " 01 ", " 08 ", 1), ""},
		{"inode 0", strings.Replace(line, " 4242 ", " 0 ", 1), ""},
		{"other port", strings.Replace(line, "D431", "D430", 1), ""},
		{"the server's end", strings.Replace(line, "0100007F:D431 0100007F:58AD", "0100007F:58AD 0100007F:D431", 1), ""},
		{"other address", strings.Replace(line, "0100007F:D431", "0200007F:D431", 1), ""},
		{"short line", "  13: 0100007F:D431 0100007F:58AD 01\n", ""},
		{"nothing", "", ""},
	} {
		got, err := findOwner(bufio.NewScanner(strings.NewReader(c.table)), "0100007F:D431", "0100007F:58AD")
		if got != c.want || (c.want == "") != errors.Is(err, errNoOwner) {
			t.Errorf("%s: got %q, %v, want %q", c.name, got, err, c.want)
		}
	}
}
