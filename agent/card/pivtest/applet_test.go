package pivtest

import (
	"bytes"
	"context"
	"encoding/hex"
	"testing"
)

func newTestApplet(t testing.TB) *applet {
	t.Helper()
	a, err := newApplet(Options{}, make(chan struct{}, 1))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// What OpenSC never sends, or what would go unnoticed there; package card's tests do the rest.
func TestAPDUs(t *testing.T) {
	const pin, wrong = "0020008008323731383238FFFF", "0020008008303030303030FFFF"
	tests := []struct {
		name           string
		commands, want []string
	}{
		{"too short", []string{"00A404"}, []string{"6700"}},
		{"wrong length", []string{"00A4040009A0"}, []string{"6700"}},
		{"other application", []string{"00A4040003A00000"}, []string{"6A82"}},
		{"other class", []string{"80A4040000"}, []string{"6E00"}},
		{"other instruction", []string{"00E20000"}, []string{"6D00"}},
		{"PIN counter", []string{"00200080", wrong, "00200080", wrong, wrong, pin}, []string{"63C3", "63C2", "63C2", "63C1", "6983", "6983"}},
		{"right PIN resets the counter", []string{wrong, pin, wrong}, []string{"63C2", "9000", "63C2"}},
		{"wrong length uses no try", []string{"0020008003303030", "00200080"}, []string{"6A80", "63C3"}},
		{"logged in and out", []string{pin, "00200080", "0020FF80", "00200080"}, []string{"9000", "9000", "9000", "63C3"}},
		{"signature without PIN", []string{"0087079C00", pin, "0087079A00"}, []string{"6982", "9000", "6A80"}},
		{"PIN not just before", []string{pin, "00200080", "0087079C00"}, []string{"9000", "9000", "6982"}},
		{"broken chain", []string{"1087079C0100", "00200080"}, []string{"9000", "6A80"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := newTestApplet(t)
			for i, c := range test.commands {
				if got := hex.EncodeToString(a.transmit(context.Background(), unhex(c))); got != hex.EncodeToString(unhex(test.want[i])) {
					t.Errorf("%s: got %s, want %s", c, got, test.want[i])
				}
			}
		})
	}
}

func TestATR(t *testing.T) {
	for _, a := range []*applet{{}, {foreign: true}} {
		var check byte
		for _, b := range a.atr()[1:] {
			check ^= b
		}
		if check != 0 {
			t.Errorf("%x: the check character is wrong", a.atr())
		}
	}
}

// An answer always has a status word and fits, whatever comes.
func FuzzTransmit(f *testing.F) {
	for _, s := range []string{"00A4040005A000000308", "00CB3FFF055C035FC10A00", "00C0000000", "1087079C02007C", "0087079A0A7C088200810400010203"} {
		f.Add(unhex(s))
	}
	a := newTestApplet(f)
	f.Fuzz(func(t *testing.T, apdu []byte) {
		if got := a.transmit(context.Background(), apdu); len(got) < 2 || len(got) > maxAnswer+2 {
			t.Errorf("answer of %d bytes", len(got))
		}
	})
}

func TestTLV(t *testing.T) {
	for _, n := range []int{0, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF} {
		want := bytes.Repeat([]byte{7}, n)
		tag, got, rest, ok := readTLV(append(tlv([]byte{0x70}, want...), 1, 2))
		if tag != 0x70 || !bytes.Equal(got, want) || len(rest) != 2 || !ok {
			t.Errorf("%d bytes: got tag %x, %d bytes, %d left, %v", n, tag, len(got), len(rest), ok)
		}
	}
}
