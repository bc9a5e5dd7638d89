package redisd

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Certificates are what a client needs to connect by TLS. Its own certificate and the server's are signed by one
// authority, made for the test.
type Certificates struct {
	CAFile   string // the authority, PEM
	CertFile string // the client's certificate, PEM
	KeyFile  string // the client's private key, PEM

	serverCertFile, serverKeyFile string

	roots  *x509.CertPool
	client tls.Certificate
}

// Config returns a new configuration for a client.
func (c *Certificates) Config() *tls.Config {
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		ServerName:   "localhost",
		RootCAs:      c.roots,
		Certificates: []tls.Certificate{c.client},
	}
}

// conf returns the server's lines of redis.conf.
func (c *Certificates) conf() []string {
	return []string{
		"tls-ca-cert-file " + quote(c.CAFile),
		"tls-cert-file " + quote(c.serverCertFile),
		"tls-key-file " + quote(c.serverKeyFile),
		"tls-auth-clients yes",
	}
}

// newCertificates makes an authority and the certificates of server and client, and writes them to dir.
func newCertificates(dir string) (*Certificates, error) {
	authority, err := newAuthority()
	if err != nil {
		return nil, err
	}
	c := &Certificates{
		CAFile:         filepath.Join(dir, "ca.pem"),
		CertFile:       filepath.Join(dir, "client.pem"),
		KeyFile:        filepath.Join(dir, "client.key"),
		serverCertFile: filepath.Join(dir, "server.pem"),
		serverKeyFile:  filepath.Join(dir, "server.key"),
		roots:          x509.NewCertPool(),
	}
	c.roots.AddCert(authority.cert)
	if err := writePEM(c.CAFile, "CERTIFICATE", authority.cert.Raw); err != nil {
		return nil, err
	}
	// Servers are clients of each other.
	if err := authority.issue(c.serverCertFile, c.serverKeyFile, x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth); err != nil {
		return nil, err
	}
	if err := authority.issue(c.CertFile, c.KeyFile, x509.ExtKeyUsageClientAuth); err != nil {
		return nil, err
	}
	c.client, err = tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
	return c, err
}

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := template("redisd test authority")
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make a test authority: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	return &authority{cert: cert, key: key}, err
}

// issue writes a new certificate and its key to the named files.
func (a *authority) issue(certFile, keyFile string, usages ...x509.ExtKeyUsage) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := template("localhost")
	template.DNSNames = []string{"localhost"}
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = usages
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return fmt.Errorf("make a test certificate: %w", err)
	}
	if err := writePEM(certFile, "CERTIFICATE", der); err != nil {
		return err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(keyFile, "PRIVATE KEY", pkcs8)
}

// template returns a certificate for name, valid long enough for a server whose clock is driven ahead.
func template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes([]byte(rand.Text())),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().AddDate(-1, 0, 0),
		NotAfter:     time.Now().AddDate(20, 0, 0),
	}
}

func writePEM(file, kind string, der []byte) error {
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
