use std::{io, os::fd::AsFd};

/// File systems over a network, or shared by several machines: a lock or a flush there may mean less than it says.
/// `f_type` of `statfs` from `linux/magic.h` and `man 2 statfs`, those marked with the name of a project from its source.
/// FUSE is refused as a whole: what it stands in front of cannot be seen from here.
const REFUSED: &[(u32, &str)] = &[
    (0x0000_6969, "NFS"),
    (0x0000_517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x0000_564c, "NCP"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x00c3_6400, "Ceph"),
    (0x0102_1997, "9P"),
    (0x6573_5546, "FUSE"),
    (0x7461_636f, "OCFS2"),
    (0x0116_1970, "GFS2"),
    (0x0bd0_0bd0, "Lustre"),                    // Lustre
    (0x4750_4653, "GPFS"),                      // IBM Storage Scale
    (0x2003_0528, "OrangeFS"),                  // linux/fs/orangefs
    (0x786f_4256, "VirtualBox shared folders"), // linux/fs/vboxsf
    (0x1983_0326, "BeeGFS"),                    // BeeGFS
];

/// Refuses a directory on a file system over a network.
pub(super) fn refuse(directory: impl AsFd) -> io::Result<()> {
    let found = rustix::fs::fstatfs(directory)?.f_type;
    // The field is wider than the number on some architectures, and signed on others: the low 32 bits are the number.
    let found = u32::try_from(i128::from(found).rem_euclid(1 << 32)).unwrap_or_default();
    match name(found) {
        None => Ok(()),
        Some(name) => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!("{name} is not a local file system: its locks and flushes cannot be relied on"),
        )),
    }
}

fn name(magic: u32) -> Option<&'static str> {
    REFUSED.iter().find(|(number, _)| *number == magic).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn network_file_systems_are_known_by_number() {
        assert_eq!(name(0x6969), Some("NFS"));
        assert_eq!(name(0xff53_4d42), Some("CIFS"));
        for local in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1] {
            assert_eq!(name(local), None, "ext4, XFS, btrfs, tmpfs, overlayfs and ZFS are local");
        }
    }

    #[test]
    fn the_temporary_directory_is_local() {
        refuse(File::open(std::env::temp_dir()).unwrap()).unwrap();
    }
}
