package pivtest

// The status words of ISO/IEC 7816-4 that the card gives. 61XX and 63CX carry a number.
const (
	statusOK               uint16 = 0x9000
	statusMoreData         uint16 = 0x6100
	statusTriesLeft        uint16 = 0x63C0
	statusWrongLength      uint16 = 0x6700
	statusSecurity         uint16 = 0x6982
	statusBlocked          uint16 = 0x6983
	statusWrongData        uint16 = 0x6A80
	statusNotFound         uint16 = 0x6A82
	statusNoSuchReference  uint16 = 0x6A88
	statusNoSuchCommand    uint16 = 0x6D00
	statusClassUnsupported uint16 = 0x6E00
)

// command is a command APDU in its short form (ISO/IEC 7816-4 section 5.1); OpenSC uses no other with a
// PIV card.
type command struct {
	class, instruction, p1, p2 byte
	data                       []byte
	expected                   int // bytes of answer at most
}

const maxAnswer = 256

// parseCommand reads an APDU; ok is false when the lengths in it are wrong.
func parseCommand(b []byte) (c command, ok bool) {
	if len(b) < 4 {
		return c, false
	}
	c = command{class: b[0], instruction: b[1], p1: b[2], p2: b[3], expected: maxAnswer}
	body := b[4:]
	if len(body) > 1 {
		n := int(body[0])
		if n == 0 || len(body) < 1+n {
			return c, false
		}
		c.data, body = body[1:1+n], body[1+n:]
	}
	switch {
	case len(body) > 1:
		return c, false
	case len(body) == 1 && body[0] != 0:
		c.expected = int(body[0])
	}
	return c, true
}

// answer is a response APDU.
func answer(data []byte, status uint16) []byte {
	return append(data[:len(data):len(data)], byte(status>>8), byte(status))
}

// tlv is a BER-TLV data object.
func tlv(tag []byte, value ...byte) []byte {
	object := append([]byte{}, tag...)
	switch n := len(value); {
	case n < 0x80:
		object = append(object, byte(n))
	case n < 0x100:
		object = append(object, 0x81, byte(n))
	default:
		object = append(object, 0x82, byte(n>>8), byte(n))
	}
	return append(object, value...)
}

// readTLV takes one data object with a tag of one byte off b.
func readTLV(b []byte) (tag byte, value, rest []byte, ok bool) {
	if len(b) < 2 {
		return 0, nil, nil, false
	}
	tag, n, start := b[0], int(b[1]), 2
	switch {
	case n == 0x81 && len(b) > 2:
		n, start = int(b[2]), 3
	case n == 0x82 && len(b) > 3:
		n, start = int(b[2])<<8|int(b[3]), 4
	case n >= 0x80:
		return 0, nil, nil, false
	}
	if len(b) < start+n {
		return 0, nil, nil, false
	}
	return tag, b[start : start+n], b[start+n:], true
}
