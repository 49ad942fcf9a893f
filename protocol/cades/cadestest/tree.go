package cadestest

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"
)

// node is a DER element that tests take apart, bend and write again. It can write what DER forbids.
type node struct {
	tag      byte
	children []*node // of a constructed element
	content  []byte  // of a primitive one, or what must stay as it is

	longLength bool   // one length byte more than needed
	indefinite bool   // BER's indefinite length
	behind     []byte // written behind the children, inside the element
}

const (
	tagInteger     = 0x02
	tagOctetString = 0x04
	tagNull        = 0x05
	tagOID         = 0x06
	tagUTCTime     = 0x17
	tagSequence    = 0x30
	tagSet         = 0x31
)

func constructed(tag byte, children ...*node) *node { return &node{tag: tag, children: children} }
func primitive(tag byte, content ...byte) *node     { return &node{tag: tag, content: content} }
func seq(children ...*node) *node                   { return constructed(tagSequence, children...) }
func set(children ...*node) *node                   { return constructed(tagSet, children...) }
func null() *node                                   { return primitive(tagNull) }
func oid(der ...byte) *node                         { return primitive(tagOID, der...) }

// readTree takes DER apart; it trusts it.
func readTree(der []byte) *node {
	nodes := readNodes(der)
	if len(nodes) != 1 {
		panic("cadestest: not one element")
	}
	return nodes[0]
}

func readNodes(der []byte) []*node {
	var nodes []*node
	for len(der) > 0 {
		length, start := int(der[1]), 2
		if length > 0x80 {
			start += length & 0x7f
			length = 0
			for _, b := range der[2:start] {
				length = length<<8 | int(b)
			}
		}
		n := &node{tag: der[0], content: der[start : start+length]}
		if n.tag&0x20 != 0 {
			n.children, n.content = readNodes(n.content), nil
		}
		nodes, der = append(nodes, n), der[start+length:]
	}
	return nodes
}

func (n *node) bytes() []byte {
	body := slices.Clone(n.content)
	for _, c := range n.children {
		body = append(body, c.bytes()...)
	}
	body = append(body, n.behind...)
	if n.indefinite {
		return append(append([]byte{n.tag, 0x80}, body...), 0, 0)
	}
	return append(append([]byte{n.tag}, n.length(len(body))...), body...)
}

func (n *node) length(l int) []byte {
	var digits []byte
	for rest := l; rest > 0; rest >>= 8 {
		digits = append([]byte{byte(rest)}, digits...)
	}
	if l < 0x80 && !n.longLength {
		return []byte{byte(l)}
	}
	if n.longLength && (l >= 0x80 || l == 0) {
		digits = append([]byte{0}, digits...)
	}
	return append([]byte{0x80 | byte(len(digits))}, digits...)
}

// at goes down by the children's positions.
func (n *node) at(path ...int) *node {
	for _, i := range path {
		n = n.children[i]
	}
	return n
}

// whole gives the element with its content as bytes, so that nobody goes into it.
func (n *node) whole() *node {
	w := &node{tag: n.tag}
	for _, c := range n.children {
		w.content = append(w.content, c.bytes()...)
	}
	return w
}

// copy gives an independent tree.
func (n *node) copy() *node {
	c := *n
	c.children = nil
	for _, child := range n.children {
		c.children = append(c.children, child.copy())
	}
	return &c
}

func (n *node) add(c ...*node) { n.children = append(n.children, c...) }

func (n *node) insert(i int, c *node) { n.children = slices.Insert(n.children, i, c) }

func (n *node) remove(i int) { n.children = slices.Delete(n.children, i, i+1) }

func (n *node) sort() {
	slices.SortFunc(n.children, func(a, b *node) int { return bytes.Compare(a.bytes(), b.bytes()) })
}

// walk visits n and all below it.
func (n *node) walk(visit func(*node)) {
	visit(n)
	for _, c := range n.children {
		c.walk(visit)
	}
}

// message is a CMS taken apart. Its parts are nodes of the tree.
type message struct {
	root, signedData, digestAlgorithms, content, certificates, signers     *node
	signer, id, digestAlgorithm, attributes, signatureAlgorithm, signature *node
}

func readMessage(der []byte) *message {
	m := &message{root: readTree(der)}
	m.signedData = m.root.at(1, 0)
	m.digestAlgorithms, m.content = m.signedData.at(1), m.signedData.at(2)
	m.certificates, m.signers = m.signedData.at(3), m.signedData.at(4)
	m.signer = m.signers.at(0)
	m.id, m.digestAlgorithm, m.attributes = m.signer.at(1), m.signer.at(2), m.signer.at(3)
	m.signatureAlgorithm, m.signature = m.signer.at(4), m.signer.at(5)
	for _, c := range m.certificates.children {
		*c = *c.whole()
	}
	return m
}

// attribute finds a signed attribute by the DER of its type.
func (m *message) attribute(oid []byte) *node {
	for _, a := range m.attributes.children {
		if bytes.Equal(a.at(0).content, oid) {
			return a
		}
	}
	panic(fmt.Sprintf("cadestest: no attribute %x", oid))
}

// token is TokenOf as an element.
func token(size int) *node { return raw(TokenOf(size)) }

// certificate is a certificate as an element of the certificate set.
func certificate(c *x509.Certificate) *node { return raw(c.Raw) }

// raw is an element of DER bytes with a length of two bytes, which nobody goes into.
func raw(der []byte) *node { return &node{tag: der[0], content: der[4:]} }

// TokenOf makes something of the given size, at least 600 bytes, that looks like a time-stamp token.
func TokenOf(size int) []byte {
	for padding := size - 600; ; padding++ {
		token := seq(oid(oidSignedData...), constructed(0xa0, seq(primitive(tagOctetString, make([]byte, padding)...)))).bytes()
		if len(token) == size {
			return token
		}
	}
}

// The object identifiers of the format, without tag and length.
var (
	oidData                 = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1}
	oidSignedData           = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2}
	oidContentType          = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3}
	oidMessageDigest        = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4}
	oidSigningTime          = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 5}
	oidSigningCertificate   = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 12}
	oidSigningCertificateV2 = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 47}
	oidTimeStampToken       = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 14}
	oidCounterSignature     = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 6}
	oidSHA256               = []byte{0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1}
	oidSHA384               = []byte{0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2}
	oidSHA1                 = []byte{0x2b, 14, 3, 2, 26}
	oidMD5                  = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5}
)
