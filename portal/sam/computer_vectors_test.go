package sam

import (
	"encoding/json"
	"os"
	"testing"
)

// The vectors were made by a third implementation; agent and phone run them too.
func TestComputerCodeVectors(t *testing.T) {
	b, err := os.ReadFile("../../protocol/vectors/rsign/computer-codes.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Codes []struct {
			Key, SAMKey, Nonce []byte
			Code               string
		}
	}
	if err := json.Unmarshal(b, &v); err != nil || len(v.Codes) == 0 {
		t.Fatalf("no vectors (%v)", err)
	}
	for i, c := range v.Codes {
		if got := ComputerCode(c.Key, c.SAMKey, c.Nonce); got != c.Code {
			t.Errorf("code %d = %s, want %s", i, got, c.Code)
		}
		if ComputerCode(c.SAMKey, c.Key, c.Nonce) == c.Code {
			t.Errorf("code %d is the same with the keys in the other order", i)
		}
	}
}
