package hsm

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/miekg/pkcs11"
)

// SoftHSMModule is where Debian's package softhsm2 puts the library.
const SoftHSMModule = "/usr/lib/softhsm/libsofthsm2.so"

// CreateSoftToken makes a SoftHSM token of this label under dir, for sandboxes and tests:
// dir/softhsm2.conf, dir/tokens and, when pin is empty, a random PIN; the PIN is left in
// dir/pin.txt (0600). The security officer's PIN is random and kept nowhere: nobody needs it again.
// The process must have no token of another SoftHSM configuration open.
func CreateSoftToken(dir, label, pin string) (Config, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Config{}, fmt.Errorf("creating token: %w", err)
	}
	c := Config{
		Module:      SoftHSMModule,
		TokenLabel:  label,
		PINFile:     filepath.Join(dir, "pin.txt"),
		SoftHSMConf: filepath.Join(dir, "softhsm2.conf"),
	}
	if pin == "" {
		pin = rand.Text()
	}
	conf := "directories.tokendir = " + filepath.Join(dir, "tokens") + "\n" +
		"objectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n"
	err = errors.Join(
		os.MkdirAll(filepath.Join(dir, "tokens"), 0o700),
		os.WriteFile(c.SoftHSMConf, []byte(conf), 0o600),
		os.WriteFile(c.PINFile, []byte(pin+"\n"), 0o600),
	)
	if err == nil {
		err = c.initialize(pin)
	}
	if err != nil {
		return Config{}, fmt.Errorf("creating token: %w", err)
	}
	return c, nil
}

// initialize speaks PKCS#11 itself rather than call softhsm2-util, which takes PINs as arguments,
// where every user of the machine can read them.
func (c Config) initialize(pin string) error {
	opened.Lock()
	defer opened.Unlock()
	if len(opened.tokens) > 0 {
		return errors.New("this process has a token open")
	}
	if err := useConfLocked(c.SoftHSMConf); err != nil {
		return err
	}
	if _, err := os.Stat(c.Module); err != nil {
		return fmt.Errorf("SoftHSM is not installed (apt-get install softhsm2): %w", err)
	}
	p := pkcs11.New(c.Module)
	if p == nil {
		return errors.New("loading SoftHSM failed")
	}
	defer p.Destroy()
	if err := p.Initialize(); err != nil {
		return err
	}
	defer p.Finalize() //nolint:errcheck // the token is made or not; nothing is left to do
	slot, err := freeSlot(p)
	if err != nil {
		return err
	}
	officer := rand.Text()
	if err := p.InitToken(slot, officer, c.TokenLabel); err != nil {
		return err
	}
	session, err := p.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		return err
	}
	if err := p.Login(session, pkcs11.CKU_SO, officer); err != nil {
		return err
	}
	return p.InitPIN(session, pin)
}

func freeSlot(p *pkcs11.Ctx) (uint, error) {
	slots, err := p.GetSlotList(true)
	if err != nil {
		return 0, err
	}
	for _, slot := range slots {
		info, err := p.GetTokenInfo(slot)
		if err != nil {
			return 0, err
		}
		if info.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 {
			return slot, nil
		}
	}
	return 0, errors.New("no free slot")
}
