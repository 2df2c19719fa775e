// tuf follows a TUF repository with go-tuf and prints the version of the root, and the target.
package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

func main() {
	if err := follow(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func follow(args []string) error {
	if len(args) != 4 {
		return fmt.Errorf("usage: tuf STORE URL ROOT TARGET")
	}
	store, base, target := args[0], args[1], args[3]
	root, err := os.ReadFile(args[2])
	if err != nil {
		return err
	}
	// What is trusted already stands in the store.
	if kept, err := os.ReadFile(filepath.Join(store, "root.json")); err == nil {
		root = kept
	}
	options, err := config.New(base, root)
	if err != nil {
		return err
	}
	options.LocalMetadataDir = store
	options.LocalTargetsDir = filepath.Join(store, "targets")
	if options.RemoteTargetsURL, err = url.JoinPath(base, "targets"); err != nil {
		return err
	}
	if err := os.MkdirAll(options.LocalTargetsDir, 0o755); err != nil {
		return err
	}
	client, err := updater.New(options)
	if err != nil {
		return err
	}
	if err := client.Refresh(); err != nil {
		return err
	}
	info, err := client.GetTargetInfo(target)
	if err != nil {
		return err
	}
	_, content, err := client.DownloadTarget(info, "", "")
	if err != nil {
		return err
	}
	trusted := client.GetTrustedMetadataSet()
	fmt.Printf("%d %s", trusted.Root.Signed.Version, content)
	return nil
}
