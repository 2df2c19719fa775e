//! `cargo metadata`, as much of it as these tests read.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    /// Package id → ids of what it needs in order to be built and run, not tested.
    normal_edges: BTreeMap<String, Vec<String>>,
}

pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    pub(crate) is_member: bool,
    pub(crate) dependencies: Vec<Dependency>,
}

pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) is_for_development: bool,
}

/// The repository's root.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

impl Metadata {
    pub(crate) fn read() -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .current_dir(repository())
            .args(["metadata", "--format-version", "1", "--all-features"])
            .output()
            .unwrap();
        assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let members: BTreeSet<&str> = strings(&document["workspace_members"]).collect();
        let packages = items(&document["packages"]).map(|package| Package::new(package, &members)).collect();
        let normal_edges = items(&document["resolve"]["nodes"])
            .map(|node| (text(&node["id"]).to_owned(), normal_dependencies(node)))
            .collect();
        Self { packages, normal_edges }
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.is_member)
    }

    /// The names of all packages that the one of this name needs, itself among them, on any target and with every
    /// feature.
    pub(crate) fn reached_by_normal_dependencies(&self, name: &str) -> BTreeSet<&str> {
        let names: BTreeMap<&str, &str> =
            self.packages.iter().map(|package| (package.id.as_str(), package.name.as_str())).collect();
        let start = self.packages.iter().find(|package| package.name == name).unwrap();
        let mut reached = BTreeSet::new();
        let mut waiting = vec![start.id.as_str()];
        while let Some(id) = waiting.pop() {
            if reached.insert(id) {
                waiting.extend(self.normal_edges[id].iter().map(String::as_str));
            }
        }
        reached.into_iter().map(|id| names[id]).collect()
    }
}

impl Package {
    fn new(package: &Value, members: &BTreeSet<&str>) -> Self {
        let id = text(&package["id"]).to_owned();
        Self {
            is_member: members.contains(id.as_str()),
            id,
            name: text(&package["name"]).to_owned(),
            version: text(&package["version"]).to_owned(),
            license: package["license"].as_str().map(str::to_owned),
            dependencies: items(&package["dependencies"])
                .map(|dependency| Dependency {
                    name: text(&dependency["name"]).to_owned(),
                    is_for_development: dependency["kind"] == "dev",
                })
                .collect(),
        }
    }
}

fn normal_dependencies(node: &Value) -> Vec<String> {
    items(&node["deps"])
        .filter(|dependency| items(&dependency["dep_kinds"]).any(|kind| kind["kind"].is_null()))
        .map(|dependency| text(&dependency["pkg"]).to_owned())
        .collect()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    items(value).map(text)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
