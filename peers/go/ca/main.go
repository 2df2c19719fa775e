// Command ca asks a certificate authority for certificates over gRPC, by the client that comes with Fulcio.
//
//	ca ADDRESS CHALLENGE < TOKEN
package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	fulcio "github.com/sigstore/fulcio/pkg/generated/protobuf"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(address, challenge string) error {
	read, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	token := strings.TrimSpace(string(read))
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()

	health := grpc_health_v1.NewHealthClient(connection)
	for _, service := range []string{"", fulcio.CA_ServiceDesc.ServiceName} {
		answer, err := health.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: service})
		if err != nil || answer.Status != grpc_health_v1.HealthCheckResponse_SERVING {
			return fmt.Errorf("health of %q: %v, %w", service, answer, err)
		}
	}
	client := fulcio.NewCAClient(connection)
	bundle, err := client.GetTrustBundle(ctx, &fulcio.GetTrustBundleRequest{})
	if err != nil {
		return err
	}
	configuration, err := client.GetConfiguration(ctx, &fulcio.GetConfigurationRequest{})
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}

	// By a proof of possession, with the token in the message and beside it; and by a certificate request.
	credentials := &fulcio.Credentials{Credentials: &fulcio.Credentials_OidcIdentityToken{OidcIdentityToken: token}}
	proven, err := proof(key, challenge)
	if err != nil {
		return err
	}
	requested, err := request(key)
	if err != nil {
		return err
	}
	beside := metadata.AppendToOutgoingContext(ctx, "oidcidentitytoken", token)
	for _, asked := range []struct {
		ctx     context.Context
		request *fulcio.CreateSigningCertificateRequest
	}{
		{ctx, &fulcio.CreateSigningCertificateRequest{Credentials: credentials, Key: proven}},
		{beside, &fulcio.CreateSigningCertificateRequest{Key: proven}},
		{ctx, &fulcio.CreateSigningCertificateRequest{Credentials: credentials, Key: requested}},
	} {
		issued, err := client.CreateSigningCertificate(asked.ctx, asked.request)
		if err != nil {
			return err
		}
		if err := verify(issued, bundle, key); err != nil {
			return err
		}
	}

	// A proof over another subject.
	stranger, err := proof(key, "somebody else")
	if err != nil {
		return err
	}
	_, err = client.CreateSigningCertificate(ctx, &fulcio.CreateSigningCertificateRequest{Credentials: credentials, Key: stranger})
	if status.Code(err) != codes.InvalidArgument {
		return fmt.Errorf("a proof over another subject: %v", err)
	}
	fmt.Printf("3 certificates, 1 refusal, %d issuers\n", len(configuration.Issuers))
	return nil
}

func proof(key *ecdsa.PrivateKey, challenge string) (*fulcio.CreateSigningCertificateRequest_PublicKeyRequest, error) {
	digest := sha256.Sum256([]byte(challenge))
	signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	content := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
	return &fulcio.CreateSigningCertificateRequest_PublicKeyRequest{PublicKeyRequest: &fulcio.PublicKeyRequest{
		PublicKey:         &fulcio.PublicKey{Algorithm: fulcio.PublicKeyAlgorithm_ECDSA, Content: content},
		ProofOfPossession: signature,
	}}, nil
}

func request(key *ecdsa.PrivateKey) (*fulcio.CreateSigningCertificateRequest_CertificateSigningRequest, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
	return &fulcio.CreateSigningCertificateRequest_CertificateSigningRequest{CertificateSigningRequest: text}, nil
}

// verify has Go's own verifier look at the chain, up to the root of the bundle.
func verify(issued *fulcio.SigningCertificate, bundle *fulcio.TrustBundle, key *ecdsa.PrivateKey) error {
	chain, err := parse(issued.GetSignedCertificateEmbeddedSct().GetChain())
	if err != nil {
		return err
	}
	trusted, err := parse(bundle.Chains[0])
	if err != nil {
		return err
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(trusted[len(trusted)-1])
	for _, between := range chain[1:] {
		intermediates.AddCert(between)
	}
	leaf := chain[0]
	if !key.PublicKey.Equal(leaf.PublicKey) {
		return fmt.Errorf("the certificate is of another key")
	}
	// Of a name that is no URL, address or DNS name Go says that it is not handled; here all are URLs or addresses.
	_, err = leaf.Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: intermediates,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	})
	return err
}

func parse(chain *fulcio.CertificateChain) ([]*x509.Certificate, error) {
	var parsed []*x509.Certificate
	for _, text := range chain.GetCertificates() {
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			return nil, fmt.Errorf("no PEM: %q", text)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, certificate)
	}
	if len(parsed) == 0 {
		return nil, fmt.Errorf("an empty chain")
	}
	return parsed, nil
}
