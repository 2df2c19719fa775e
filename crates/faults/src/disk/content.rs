use std::sync::{Arc, LazyLock};

/// Bytes in pages that copies share.
#[derive(Clone, Default)]
pub(super) struct Content {
    pages: Vec<Arc<Page>>,
    length: u64,
}

type Page = [u8; PAGE_BYTES];

const PAGE_BYTES: usize = 4096;

static ZEROS: LazyLock<Arc<Page>> = LazyLock::new(|| Arc::new([0; PAGE_BYTES]));

impl Content {
    pub(super) fn len(&self) -> u64 {
        self.length
    }

    pub(super) fn read(&self, buffer: &mut [u8], offset: u64) -> usize {
        let left = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let (mut position, mut done) = (usize::try_from(offset).unwrap_or(usize::MAX), 0);
        while done < wanted {
            let start = position % PAGE_BYTES;
            let count = (PAGE_BYTES - start).min(wanted - done);
            let Some(page) = self.pages.get(position / PAGE_BYTES) else { break };
            let parts = buffer.get_mut(done..done + count).zip(page.get(start..start + count));
            let Some((to, from)) = parts else { break };
            to.copy_from_slice(from);
            position += count;
            done += count;
        }
        done
    }

    /// Writes, and grows as needed.
    pub(super) fn write(&mut self, bytes: &[u8], offset: u64) {
        self.set_len(self.length.max(offset + bytes.len() as u64));
        self.overwrite(bytes, offset);
    }

    /// Writes what lies within the length.
    pub(super) fn overwrite(&mut self, bytes: &[u8], offset: u64) {
        let left = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut rest = bytes.get(..left).unwrap_or(bytes);
        let mut position = usize::try_from(offset).unwrap_or(usize::MAX);
        while !rest.is_empty() {
            let start = position % PAGE_BYTES;
            let (now, later) = rest.split_at(rest.len().min(PAGE_BYTES - start));
            let Some(page) = self.pages.get_mut(position / PAGE_BYTES) else { return };
            if let Some(to) = Arc::make_mut(page).get_mut(start..start + now.len()) {
                to.copy_from_slice(now);
            }
            position += now.len();
            rest = later;
        }
    }

    /// Cuts, or grows with zeros.
    pub(super) fn set_len(&mut self, length: u64) {
        let pages = usize::try_from(length).unwrap_or(usize::MAX).div_ceil(PAGE_BYTES);
        let is_cut = length < self.length;
        self.pages.resize_with(pages, || Arc::clone(&ZEROS));
        self.length = length;
        let end = usize::try_from(length).unwrap_or(usize::MAX) % PAGE_BYTES;
        if is_cut
            && end > 0
            && let Some(last) = self.pages.last_mut()
        {
            Arc::make_mut(last).iter_mut().skip(end).for_each(|byte| *byte = 0);
        }
    }

    pub(super) fn hash(&self, into: &mut impl std::hash::Hasher) {
        into.write_u64(self.length);
        for (page, number) in self.pages.iter().zip(0_u64..) {
            if !Arc::ptr_eq(page, &ZEROS) {
                into.write_u64(number);
                into.write(&page[..]);
            }
        }
    }
}
