// Adds entries to a signature log with sigstore-go, and verifies what it answers.
//
//	peer-add URL TRUSTED_ROOT COUNT [once]
//
// COUNT messages and as many envelopes are signed with fresh keys, logged, and verified against the trusted root that
// names the log. One of them is added again, unless it is to be done once: the log must answer with the same index.
package main

import (
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"time"

	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/rekor-tiles/v2/pkg/client/write"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peer-add:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	once := len(arguments) == 4 && arguments[3] == "once"
	if len(arguments) != 3 && !once {
		return fmt.Errorf("usage: peer-add URL TRUSTED_ROOT COUNT [once]")
	}
	trusted, err := root.NewTrustedRootFromPath(arguments[1])
	if err != nil {
		return err
	}
	count, err := strconv.Atoi(arguments[2])
	if err != nil {
		return err
	}
	log := &remembering{url: arguments[0]}
	for number := range count {
		message := fmt.Appendf(nil, "message %d\n", number)
		if err := signAndVerify(log, trusted, &sign.PlainData{Data: message}, message); err != nil {
			return fmt.Errorf("message %d: %w", number, err)
		}
		digest := sha256.Sum256(message)
		statement := fmt.Appendf(nil,
			`{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"m","digest":{"sha256":%q}}],"predicateType":"https://example.com/p","predicate":{}}`,
			hex.EncodeToString(digest[:]))
		envelope := &sign.DSSEData{Data: statement, PayloadType: "application/vnd.in-toto+json"}
		if err := signAndVerify(log, trusted, envelope, message); err != nil {
			return fmt.Errorf("envelope %d: %w", number, err)
		}
	}
	if once {
		fmt.Printf("%d entries added and verified with sigstore-go\n", 2*count)
		return nil
	}
	again, err := log.Add(context.Background(), log.last)
	if err != nil {
		return fmt.Errorf("the same entry again: %w", err)
	}
	if again.LogIndex != log.index {
		return fmt.Errorf("the same entry again got index %d, first %d", again.LogIndex, log.index)
	}
	fmt.Printf("%d entries added and verified with sigstore-go\n", 2*count)
	return nil
}

// remembering is the client of rekor-tiles; it keeps the last request and its index.
type remembering struct {
	url   string
	last  any
	index int64
}

func (r *remembering) Add(ctx context.Context, request any) (*protorekor.TransparencyLogEntry, error) {
	client, err := write.NewWriter(r.url)
	if err != nil {
		return nil, err
	}
	entry, err := client.Add(ctx, request)
	if err == nil && request != r.last {
		r.last, r.index = request, entry.LogIndex
	}
	return entry, err
}

// key is the trust in one signer's key.
type key struct {
	root.BaseTrustedMaterial
	verifier signature.Verifier
}

func (k *key) PublicKeyVerifier(string) (root.TimeConstrainedVerifier, error) {
	return root.NewExpiringKey(k.verifier, time.Time{}, time.Time{}), nil
}

func signAndVerify(log *remembering, trusted root.TrustedMaterial, content sign.Content, artifact []byte) error {
	pair, err := sign.NewEphemeralKeypair(nil)
	if err != nil {
		return err
	}
	made, err := sign.Bundle(content, pair, sign.BundleOptions{
		TransparencyLogs: []sign.Transparency{sign.NewRekor(&sign.RekorOptions{BaseURL: log.url, Version: 2, ClientV2: log})},
	})
	if err != nil {
		return err
	}
	read, err := bundle.NewBundle(made)
	if err != nil {
		return err
	}
	signer, err := signature.LoadVerifier(pair.GetPublicKey(), crypto.SHA256)
	if err != nil {
		return err
	}
	material := root.TrustedMaterialCollection{trusted, &key{verifier: signer}}
	verifier, err := verify.NewVerifier(material, verify.WithTransparencyLog(1), verify.WithNoObserverTimestamps())
	if err != nil {
		return err
	}
	digest := sha256.Sum256(artifact)
	_, err = verifier.Verify(read, verify.NewPolicy(verify.WithArtifactDigest("sha256", digest[:]), verify.WithKey()))
	return err
}
