package service

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
)

// tcpEstablished is the state of a live connection in /proc/net/tcp (include/net/tcp_states.h).
const tcpEstablished = "01"

// owner gives the user of the process at the client's end of a connection on this machine, from
// the kernel's tables. The entry must be the exact connection, established, and of a socket that a
// process still holds (inode not 0): what is left of a closed one belongs to nobody.
func owner(client, server *net.TCPAddr) (string, error) {
	// A socket of IPv6 may speak IPv4 (::ffff:127.0.0.1), and stands in the other table then.
	for _, table := range []struct {
		file string
		size int
	}{{"/proc/net/tcp", net.IPv4len}, {"/proc/net/tcp6", net.IPv6len}} {
		if client.IP.To4() == nil && table.size == net.IPv4len {
			continue
		}
		f, err := os.Open(table.file)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("reading connections: %w", err)
		}
		user, err := findOwner(bufio.NewScanner(f), endpoint(client, table.size), endpoint(server, table.size))
		f.Close()
		if !errors.Is(err, errNoOwner) {
			return user, err
		}
	}
	return "", errNoOwner
}

// findOwner looks for the line whose local end is the client's.
func findOwner(lines *bufio.Scanner, local, remote string) (string, error) {
	for lines.Scan() {
		// sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode ...
		f := strings.Fields(lines.Text())
		if len(f) < 10 || f[1] != local || f[2] != remote || f[3] != tcpEstablished || f[9] == "0" {
			continue
		}
		return f[7], nil
	}
	if err := lines.Err(); err != nil {
		return "", err
	}
	return "", errNoOwner
}

// endpoint writes an address as the tables do: each group of four bytes as a number of this
// machine's byte order, and the port, in hexadecimal.
func endpoint(a *net.TCPAddr, size int) string {
	ip := a.IP.To16()
	if size == net.IPv4len {
		ip = a.IP.To4()
	}
	var out bytes.Buffer
	for ; len(ip) >= 4; ip = ip[4:] {
		var word [4]byte
		binary.BigEndian.PutUint32(word[:], binary.NativeEndian.Uint32(ip))
		out.WriteString(strings.ToUpper(hex.EncodeToString(word[:])))
	}
	return fmt.Sprintf("%s:%04X", out.String(), a.Port)
}
