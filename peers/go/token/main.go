// Command token gets an identity token by the code that cosign, gitsign and policy-controller get theirs by.
//
//	token browser|copy|device|machine ISSUER [NAME SECRET]
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/sigstore/sigstore/pkg/oauthflow"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	how, issuer := args[0], args[1]
	id, secret := "sigstore", ""
	var getter oauthflow.TokenGetter
	switch how {
	case "browser", "copy":
		// Which of both is up to whether there is an xdg-open.
		getter = &oauthflow.InteractiveIDTokenGetter{Output: os.Stderr}
	case "device":
		getter = &oauthflow.DeviceFlowTokenGetter{MessagePrinter: follow, Sleeper: time.Sleep, Issuer: issuer}
	case "machine":
		id, secret = args[2], args[3]
		getter = oauthflow.NewClientCredentialsFlow(issuer)
	default:
		return fmt.Errorf("unknown flow %q", how)
	}
	// Of what it says, the token alone belongs on standard output.
	out := os.Stdout
	os.Stdout = os.Stderr
	token, err := oauthflow.OIDConnect(issuer, id, secret, "", getter)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, token.RawString)
	return err
}

// follow opens the link in what the user is told.
func follow(message string) {
	fmt.Fprintln(os.Stderr, message)
	if at := strings.Index(message, "http"); at >= 0 {
		if err := exec.Command(os.Getenv("BROWSER"), message[at:]).Start(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}
