package pivtest

import (
	"bytes"
	"encoding/hex"
)

// pivAID begins the identifier of the PIV card application (SP 800-73-4 part 1 section 2.2).
var pivAID = unhex("A000000308")

// unhex is for constants.
func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// selectApplication answers with the application property template (SP 800-73-4 part 2 table 3).
func selectApplication(c command) ([]byte, uint16) {
	if c.p1 != 0x04 || !bytes.HasPrefix(c.data, pivAID) {
		return nil, statusNotFound
	}
	version := tlv([]byte{0x4F}, unhex("000010000100")...)
	authority := tlv([]byte{0x79}, tlv([]byte{0x4F}, pivAID...)...)
	return tlv([]byte{0x61}, append(version, authority...)...), statusOK
}

// dataObject answers GET DATA.
func (a *applet) dataObject(c command) ([]byte, uint16) {
	tag, name, _, ok := readTLV(c.data)
	if !ok || tag != 0x5C || c.p1 != 0x3F || c.p2 != 0xFF {
		return nil, statusWrongData
	}
	object, found := a.objects[string(name)]
	if !found {
		return nil, statusNotFound
	}
	return object, statusOK
}

// objects are what the card tells everybody (SP 800-73-4 part 1 section 3.1), by tag.
func objects(guid [16]byte, authentication, signature *Identity) map[string][]byte {
	return map[string][]byte{
		"\x7E":         discovery(),
		"\x5F\xC1\x02": holder(guid),
		"\x5F\xC1\x05": certificateObject(authentication),
		"\x5F\xC1\x0A": certificateObject(signature),
	}
}

// discovery tells that there is a PIN of this application only.
func discovery() []byte {
	aid := tlv([]byte{0x4F}, unhex("A000000308000010000100")...)
	policy := tlv([]byte{0x5F, 0x2F}, 0x40, 0x00)
	return tlv([]byte{0x7E}, append(aid, policy...)...)
}

// holder is the card holder unique identifier. Its FASC-N has agency 9999, which is nobody's, so that the
// GUID is the card's number.
func holder(guid [16]byte) []byte {
	fascn := unhex("D4E739DA739CED39CE739D836858210842108421C84210C3EB")
	var b []byte
	b = append(b, tlv([]byte{0x30}, fascn...)...)
	b = append(b, tlv([]byte{0x34}, guid[:]...)...)
	b = append(b, tlv([]byte{0x35}, []byte("20991231")...)...)
	b = append(b, tlv([]byte{0x3E})...) // not signed
	b = append(b, tlv([]byte{0xFE})...)
	return tlv([]byte{0x53}, b...)
}

// certificateObject holds the certificate as it is, not compressed.
func certificateObject(i *Identity) []byte {
	var b []byte
	b = append(b, tlv([]byte{0x70}, i.Certificate.Raw...)...)
	b = append(b, tlv([]byte{0x71}, 0x00)...)
	b = append(b, tlv([]byte{0xFE})...)
	return tlv([]byte{0x53}, b...)
}
