package repo

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
)

// tlsSource makes the configuration that connections are secured by, anew when
// the files that it comes from have changed.
type tlsSource struct {
	base          *tls.Config
	ca, cert, key string // files
	name          string // of servers
	log           *slog.Logger

	mu     sync.Mutex
	seen   map[string]os.FileInfo
	config *tls.Config
}

// tlsSource returns nil without TLS.
func (c Config) tlsSource() *tlsSource {
	if c.TLS == nil && !c.tls && c.TLSCAFile == "" && c.TLSCertFile == "" && c.TLSServerName == "" {
		return nil
	}
	return &tlsSource{base: c.TLS, ca: c.TLSCAFile, cert: c.TLSCertFile, key: c.TLSKeyFile, name: c.TLSServerName, log: c.Logger}
}

// current returns the configuration by what the files hold now. If that cannot
// be used, as while they are being replaced, it returns the one before.
func (s *tlsSource) current() (*tls.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen, changed, err := s.look()
	if err == nil && !changed {
		return s.config, nil
	}
	var config *tls.Config
	if err == nil {
		config, err = s.load()
	}
	switch {
	case err == nil:
		s.seen, s.config = seen, config
	case s.config == nil:
		return nil, fmt.Errorf("redisgen: TLS: %w", err)
	default:
		s.log.Warn("redisgen: TLS files cannot be used; new connections go by those before", "err", err)
	}
	return s.config, nil
}

// look returns the state of the files, and whether it is another than before.
func (s *tlsSource) look() (seen map[string]os.FileInfo, changed bool, err error) {
	seen, changed = map[string]os.FileInfo{}, s.config == nil
	for _, file := range []string{s.ca, s.cert, s.key} {
		if file == "" {
			continue
		}
		info, err := os.Stat(file)
		if err != nil {
			return nil, false, err
		}
		seen[file] = info
		before := s.seen[file]
		changed = changed || !os.SameFile(before, info) || !before.ModTime().Equal(info.ModTime()) || before.Size() != info.Size()
	}
	return seen, changed, nil
}

func (s *tlsSource) load() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.base != nil {
		config = s.base.Clone()
	}
	if s.name != "" {
		config.ServerName = s.name
	}
	if s.ca != "" {
		text, err := os.ReadFile(s.ca)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s: %w", s.ca, errNoCertificate)
		}
	}
	if s.cert != "" {
		pair, err := tls.LoadX509KeyPair(s.cert, s.key)
		if err != nil {
			return nil, fmt.Errorf("%s and %s: %w", s.cert, s.key, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

var errNoCertificate = errors.New("no certificate in PEM")
