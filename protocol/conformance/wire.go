package conformance

// The contract's objects, as far as checks look into them.

type renewal struct {
	Version     int64  `json:"version"`
	State       string `json:"state"`
	Offer       offer  `json:"offer"`
	Start       string `json:"start"`
	Certificate *struct {
		ID           string `json:"id"`
		SerialNumber string `json:"serialNumber"`
		Issuer       string `json:"issuer"`
		Subject      struct {
			CommonName   string `json:"commonName"`
			GivenName    string `json:"givenName"`
			Surname      string `json:"surname"`
			SerialNumber string `json:"serialNumber"`
			Country      string `json:"country"`
		} `json:"subject"`
	} `json:"certificate"`
	Validity    *validity `json:"validity"`
	Application *struct {
		Number       string `json:"number"`
		SignedAt     string `json:"signedAt"`
		EnrolmentURL string `json:"enrolmentUrl"`
	} `json:"application"`
	Phone *struct {
		State string `json:"state"`
		Code  string `json:"code"`
	} `json:"phone"`
	Contact *contactData `json:"contact"`
	Issued  *struct {
		SerialNumber string   `json:"serialNumber"`
		SHA256       string   `json:"sha256"`
		Validity     validity `json:"validity"`
		Issuer       string   `json:"issuer"`
	} `json:"issued"`
}

type offer struct {
	Months int    `json:"months"`
	Target string `json:"target"`
}

type validity struct {
	NotBefore string `json:"notBefore"`
	NotAfter  string `json:"notAfter"`
}

type contactData struct {
	Email string `json:"email"`
	Phone string `json:"phone"`
}

func (r *renewal) number() string {
	if r.Application == nil {
		return ""
	}
	return r.Application.Number
}

func (r *renewal) enrolmentURL() string {
	if r.Application == nil {
		return ""
	}
	return r.Application.EnrolmentURL
}

type portal struct {
	Origin   string    `json:"origin"`
	Issuers  [][]byte  `json:"issuers"`
	Terms    legalText `json:"terms"`
	Privacy  legalText `json:"privacy"`
	PhoneApp string    `json:"phoneApp"`
}

type legalText struct {
	Version string `json:"version"`
	URL     string `json:"url"`
}

type signing struct {
	CertificateID string `json:"certificateId"`
	Document      struct {
		Name      string `json:"name"`
		MediaType string `json:"mediaType"`
		Bytes     []byte `json:"bytes"`
	} `json:"document"`
	Format string `json:"format"`
	Seal   string `json:"seal"`
}

// object is a JSON object to send.
type object map[string]any
