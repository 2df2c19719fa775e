// Verifies the bundles of a manifest with sigstore-go.
//
//	peer-go check MANIFEST TRUST_DIR          one JSON line per entry: accepted or why not
//	peer-go bench MANIFEST TRUST_DIR SECONDS  one JSON line per class: nanoseconds per verification
//
// The manifest is the list that crates/verify/tests/data/real/manifest.json documents. Paths are relative
// to it. TRUST_DIR holds the trust profiles by name (crates/sealwax/trust).
package main

import (
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"
)

type entry struct {
	Name        string          `json:"name"`
	Class       string          `json:"class"`
	Format      string          `json:"format"`
	Bundle      json.RawMessage `json:"bundle"`
	Artifact    *string         `json:"artifact"`
	Identity    *string         `json:"identity"`
	Issuer      *string         `json:"issuer"`
	Key         *string         `json:"key"`
	TrustedRoot *string         `json:"trusted_root"`
	Trust       *string         `json:"trust"`
}

// A job is one entry with everything read and parsed but the bundle.
type job struct {
	entry    entry
	raw      []byte
	verifier *verify.Verifier
	policy   func() (verify.PolicyBuilder, error)
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peer-go:", err)
		os.Exit(2)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "check":
		return check(args[1], args[2])
	case len(args) == 4 && args[0] == "bench":
		seconds, err := strconv.ParseFloat(args[3], 64)
		if err != nil {
			return err
		}
		return bench(args[1], args[2], time.Duration(seconds*float64(time.Second)))
	default:
		return errors.New("usage: peer-go check MANIFEST TRUST_DIR | bench MANIFEST TRUST_DIR SECONDS")
	}
}

func check(manifest, trustDir string) error {
	entries, err := readManifest(manifest)
	if err != nil {
		return err
	}
	roots := map[string]*root.TrustedRoot{}
	for _, e := range entries {
		reason := ""
		if j, err := prepare(e, filepath.Dir(manifest), trustDir, roots); err != nil {
			reason = err.Error()
		} else if _, err := j.verify(); err != nil {
			reason = err.Error()
		}
		emit(map[string]any{"name": e.Name, "accepted": reason == "", "reason": reason})
	}
	return nil
}

func bench(manifest, trustDir string, atLeast time.Duration) error {
	entries, err := readManifest(manifest)
	if err != nil {
		return err
	}
	roots := map[string]*root.TrustedRoot{}
	classes := map[string][]job{}
	for _, e := range entries {
		j, err := prepare(e, filepath.Dir(manifest), trustDir, roots)
		if err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
		if _, err := j.verify(); err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
		classes[e.Class] = append(classes[e.Class], j)
	}
	names := make([]string, 0, len(classes))
	for name := range classes {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := measure(name, classes[name], atLeast); err != nil {
			return err
		}
	}
	return nil
}

// measure goes round all jobs of a class until the time is up, at least three times, and takes the median
// of the rounds.
func measure(class string, jobs []job, atLeast time.Duration) error {
	var whole, parse []int64
	for start := time.Now(); time.Since(start) < atLeast || len(whole) < 3; {
		var parsing time.Duration
		round := time.Now()
		for _, j := range jobs {
			spent, err := j.verify()
			if err != nil {
				return err
			}
			parsing += spent
		}
		whole = append(whole, time.Since(round).Nanoseconds()/int64(len(jobs)))
		parse = append(parse, parsing.Nanoseconds()/int64(len(jobs)))
	}
	slices.Sort(whole)
	slices.Sort(parse)
	emit(map[string]any{
		"peer": "sigstore-go", "version": version(), "toolchain": runtime.Version(), "class": class,
		"bundles": len(jobs), "rounds": len(whole),
		"ns_per_verification": whole[len(whole)/2], "ns_of_that_parsing": parse[len(parse)/2],
	})
	return nil
}

// verify parses the bundle and verifies it, and says how long the parsing took.
func (j *job) verify() (time.Duration, error) {
	start := time.Now()
	var b bundle.Bundle
	if err := b.UnmarshalJSON(j.raw); err != nil {
		return 0, err
	}
	parsing := time.Since(start)
	policy, err := j.policy()
	if err != nil {
		return parsing, err
	}
	_, err = j.verifier.Verify(&b, policy)
	return parsing, err
}

func prepare(e entry, dir, trustDir string, roots map[string]*root.TrustedRoot) (job, error) {
	if e.Format != "" && e.Format != "bundle" {
		return job{}, fmt.Errorf("format %s is not sigstore-go's", e.Format)
	}
	raw, err := bundleBytes(e, dir)
	if err != nil {
		return job{}, err
	}
	trusted, err := trustedRoot(e, dir, trustDir, roots)
	if err != nil {
		return job{}, err
	}
	material := root.TrustedMaterialCollection{trusted}
	if e.Key != nil {
		key, err := keyMaterial(filepath.Join(dir, *e.Key))
		if err != nil {
			return job{}, err
		}
		material = append(material, key)
	}
	verifier, err := verify.NewVerifier(material, demands(trusted, e.Key != nil)...)
	if err != nil {
		return job{}, err
	}
	policy, err := policyFor(e, dir)
	if err != nil {
		return job{}, err
	}
	return job{e, raw, verifier, policy}, nil
}

// demands asks for what the trusted root can give, never for what the bundle happens to carry.
func demands(trusted *root.TrustedRoot, key bool) []verify.VerifierOption {
	options := []verify.VerifierOption{verify.WithObserverTimestamps(1)}
	if len(trusted.RekorLogs()) > 0 {
		options = append(options, verify.WithTransparencyLog(1))
	}
	if len(trusted.CTLogs()) > 0 && !key {
		options = append(options, verify.WithSignedCertificateTimestamps(1))
	}
	return options
}

func policyFor(e entry, dir string) (func() (verify.PolicyBuilder, error), error) {
	if e.Artifact == nil {
		return nil, errors.New("no artifact")
	}
	algorithm, digest, err := artifactDigest(*e.Artifact, dir)
	if err != nil {
		return nil, err
	}
	identity := verify.WithKey()
	if e.Key == nil {
		issuer, issuerPattern := deref(e.Issuer), ""
		if issuer == "none" { // GitHub's release certificates carry no issuer
			issuer, issuerPattern = "", "^$"
		}
		id, err := verify.NewShortCertificateIdentity(issuer, issuerPattern, deref(e.Identity), "")
		if err != nil {
			return nil, err
		}
		identity = verify.WithCertificateIdentity(id)
	}
	return func() (verify.PolicyBuilder, error) {
		return verify.NewPolicy(verify.WithArtifactDigest(algorithm, digest), identity), nil
	}, nil
}

// artifactDigest reads "sha256:…" or "sha512:…", or hashes the file: with SHA-512 if its name says so little
// that an npm tarball may be meant, since npm's statements name no other digest.
func artifactDigest(artifact, dir string) (string, []byte, error) {
	if algorithm, digits, ok := strings.Cut(artifact, ":"); ok {
		digest, err := hex.DecodeString(digits)
		return algorithm, digest, err
	}
	content, err := os.ReadFile(filepath.Join(dir, artifact))
	if err != nil {
		return "", nil, err
	}
	algorithm, hash := "sha256", crypto.SHA256
	if strings.HasSuffix(artifact, ".tgz") {
		algorithm, hash = "sha512", crypto.SHA512
	}
	h := hash.New()
	h.Write(content)
	return algorithm, h.Sum(nil), nil
}

func bundleBytes(e entry, dir string) ([]byte, error) {
	var path string
	if json.Unmarshal(e.Bundle, &path) != nil {
		return e.Bundle, nil
	}
	return os.ReadFile(filepath.Join(dir, path))
}

func trustedRoot(e entry, dir, trustDir string, roots map[string]*root.TrustedRoot) (*root.TrustedRoot, error) {
	var path string
	switch {
	case e.TrustedRoot != nil:
		path = filepath.Join(dir, *e.TrustedRoot)
	case e.Trust != nil:
		path = filepath.Join(trustDir, *e.Trust, "trusted_root.json")
	default:
		path = filepath.Join(trustDir, "public-good", "trusted_root.json")
	}
	if known, ok := roots[path]; ok {
		return known, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	trusted, err := root.NewTrustedRootFromJSON(content)
	if err != nil {
		return nil, err
	}
	roots[path] = trusted
	return trusted, nil
}

func keyMaterial(path string) (root.TrustedMaterial, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, errors.New("no PEM in the key file")
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	verifier, err := signature.LoadDefaultVerifier(public)
	if err != nil {
		return nil, err
	}
	return root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) {
		return root.NewExpiringKey(verifier, time.Time{}, time.Time{}), nil
	}), nil
}

func readManifest(path string) ([]entry, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var entries []entry
	return entries, json.Unmarshal(content, &entries)
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, m := range info.Deps {
		if m.Path == "github.com/sigstore/sigstore-go" {
			return strings.TrimPrefix(m.Version, "v")
		}
	}
	return "unknown"
}

func emit(line map[string]any) {
	out, _ := json.Marshal(line)
	fmt.Println(string(out))
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
