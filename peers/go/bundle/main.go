// Command bundle signs and verifies with sigstore-go, as a client of an instance does.
//
//	bundle sign   files|tuf DIR message|statement TOKEN BUNDLE FILE
//	bundle verify files|tuf DIR BUNDLE IDENTITY ISSUER FILE
//	bundle verify files|tuf DIR BUNDLE key PUBLIC_KEY FILE
//
// Trust is files, trusted_root.json and signing_config.json in DIR, or comes by TUF: DIR has the url, and the root.json that is
// believed first. TOKEN is a file.
package main

import (
	"crypto"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata/fetcher"
	"google.golang.org/protobuf/encoding/protojson"
)

const patience = 30 * time.Second

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sigstore-go:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 7 {
		return errors.New("usage: bundle sign|verify files|tuf DIR …")
	}
	trusted, config, err := trust(args[1], args[2])
	if err != nil {
		return err
	}
	rest := args[3:]
	switch args[0] {
	case "sign":
		return signFile(trusted, config, rest[0], rest[1], rest[2], rest[3])
	case "verify":
		return verifyFile(trusted, rest[0], rest[1], rest[2], rest[3])
	}
	return fmt.Errorf("unknown command %q", args[0])
}

func trust(way, dir string) (*root.TrustedRoot, *root.SigningConfig, error) {
	if way == "files" {
		trusted, err := root.NewTrustedRootFromPath(filepath.Join(dir, "trusted_root.json"))
		if err != nil {
			return nil, nil, err
		}
		config, err := root.NewSigningConfigFromPath(filepath.Join(dir, "signing_config.json"))
		return trusted, config, err
	}
	first, err := os.ReadFile(filepath.Join(dir, "root.json"))
	if err != nil {
		return nil, nil, err
	}
	url, err := os.ReadFile(filepath.Join(dir, "url"))
	if err != nil {
		return nil, nil, err
	}
	client, err := tuf.New(&tuf.Options{
		Root:              first,
		RepositoryBaseURL: strings.TrimSpace(string(url)),
		CachePath:         filepath.Join(dir, "sigstore-go"),
		Fetcher:           fetcher.NewDefaultFetcher(),
	})
	if err != nil {
		return nil, nil, err
	}
	trusted, err := root.GetTrustedRoot(client)
	if err != nil {
		return nil, nil, err
	}
	config, err := root.GetSigningConfig(client)
	return trusted, config, err
}

func signFile(trusted *root.TrustedRoot, config *root.SigningConfig, kind, token, to, file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	identity, err := os.ReadFile(token)
	if err != nil {
		return err
	}
	var content sign.Content = &sign.PlainData{Data: data}
	if kind == "statement" {
		content = &sign.DSSEData{Data: data, PayloadType: "application/vnd.in-toto+json"}
	}
	options := sign.BundleOptions{
		TrustedRoot:                trusted,
		CertificateProviderOptions: &sign.CertificateProviderOptions{IDToken: strings.TrimSpace(string(identity))},
	}
	now := time.Now()
	authority, err := root.SelectService(config.FulcioCertificateAuthorityURLs(), sign.FulcioAPIVersions, now)
	if err != nil {
		return err
	}
	options.CertificateProvider = sign.NewFulcio(&sign.FulcioOptions{BaseURL: authority.URL, Timeout: patience})
	stamps, err := root.SelectServices(config.TimestampAuthorityURLs(), config.TimestampAuthorityURLsConfig(), sign.TimestampAuthorityAPIVersions, now)
	if err != nil {
		return err
	}
	for _, stamp := range stamps {
		options.TimestampAuthorities = append(options.TimestampAuthorities,
			sign.NewTimestampAuthority(&sign.TimestampAuthorityOptions{URL: stamp.URL, Timeout: patience}))
	}
	logs, err := root.SelectServices(config.RekorLogURLs(), config.RekorLogURLsConfig(), sign.RekorAPIVersions, now)
	if err != nil {
		return err
	}
	for _, log := range logs {
		options.TransparencyLogs = append(options.TransparencyLogs,
			sign.NewRekor(&sign.RekorOptions{BaseURL: log.URL, Timeout: patience, Version: log.MajorAPIVersion}))
	}
	pair, err := sign.NewEphemeralKeypair(nil)
	if err != nil {
		return err
	}
	made, err := sign.Bundle(content, pair, options)
	if err != nil {
		return err
	}
	text, err := protojson.Marshal(made)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}

// publicKey is the key of the file, whatever a bundle says of it, for all times.
func publicKey(file string) (root.TrustedMaterial, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	key, err := cryptoutils.UnmarshalPEMToPublicKey(text)
	if err != nil {
		return nil, err
	}
	verifier, err := signature.LoadVerifier(key, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	always := root.NewExpiringKey(verifier, time.Time{}, time.Time{})
	return root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) { return always, nil }), nil
}

func verifyFile(trusted *root.TrustedRoot, from, identity, issuer, file string) error {
	signed, err := bundle.LoadJSONFromPath(from)
	if err != nil {
		return err
	}
	artifact, err := os.Open(file)
	if err != nil {
		return err
	}
	defer artifact.Close()
	options := []verify.VerifierOption{verify.WithTransparencyLog(1), verify.WithSignedTimestamps(1)}
	if identity == "key" {
		key, err := publicKey(issuer)
		if err != nil {
			return err
		}
		verifier, err := verify.NewVerifier(root.TrustedMaterialCollection{trusted, key}, options...)
		if err != nil {
			return err
		}
		_, err = verifier.Verify(signed, verify.NewPolicy(verify.WithArtifact(artifact), verify.WithKey()))
		return err
	}
	verifier, err := verify.NewVerifier(trusted, append(options, verify.WithSignedCertificateTimestamps(1))...)
	if err != nil {
		return err
	}
	who, err := verify.NewShortCertificateIdentity(issuer, "", identity, "")
	if err != nil {
		return err
	}
	_, err = verifier.Verify(signed, verify.NewPolicy(verify.WithArtifact(artifact), verify.WithCertificateIdentity(who)))
	return err
}
