package doctor

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"
)

// pcscSocket is where pcscd listens, unless [pcscVariable] says where (pcsc-lite).
const (
	pcscSocket   = "/run/pcscd/pcscd.comm"
	pcscVariable = "PCSCLITE_CSOCK_NAME"
)

// LookPCSC tries to reach pcscd. Where systemd listens for it, that starts it. The environment is the
// modules', which may have another pcscd.
func LookPCSC(ctx context.Context, env []string) PCSCState {
	path := pcscSocket
	for _, v := range append([]string{pcscVariable + "=" + os.Getenv(pcscVariable)}, env...) {
		if name, value, _ := strings.Cut(v, "="); name == pcscVariable && value != "" {
			path = value
		}
	}
	d := net.Dialer{Timeout: 2 * time.Second}
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return PCSCState{Refused: errors.Is(err, fs.ErrPermission)}
	}
	conn.Close()
	return PCSCState{Reachable: true}
}
