package worker_test

import (
	"encoding/binary"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/card/cardtest"
)

// The child ends when its parent does, even while the module hangs: its input ends.
func TestChildEndsWithItsInput(t *testing.T) {
	h := cardtest.NewHostile(t, cardtest.New(t).Certificate(cardtest.Sign))
	c := exec.Command(os.Args[0], "module-worker", h.Module)
	c.Env = h.Env("C_GetSlotList=hang", "")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	message := `{"id":1,"operation":"status"}`
	frame := append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), 0)
	if _, err := in.Write(append(frame, message...)); err != nil {
		t.Fatal(err)
	}
	in.Close()
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		c.Process.Kill()
		t.Error("the child still runs")
	}
}
