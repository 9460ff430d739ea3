//! Files that lie sorted by app and account, read row by row, one or many side by side.

use arrow::array::{AsArray, RecordBatch, StringArray};
use bytes::Bytes;

use crate::base::Result;
use crate::store::parquet::Batches;

/// Rows of a file that is sorted by two columns of text, from some row on.
pub(super) struct Sorted {
    batches: Batches,
    pub(super) batch: RecordBatch,
    pub(super) apps: StringArray,
    pub(super) accounts: StringArray,
    /// Place of the first key column.
    at: usize,
    pub(super) row: usize,
}

impl Sorted {
    /// At its first row; none when it has none.
    pub(super) fn open(bytes: Bytes, at: usize) -> Result<Option<Self>> {
        let mut batches = Batches::open(bytes)?;
        while let Some(batch) = batches.next().transpose()? {
            if batch.num_rows() > 0 {
                let (apps, accounts) = keys(&batch, at);
                return Ok(Some(Self { batches, batch, apps, accounts, at, row: 0 }));
            }
        }
        Ok(None)
    }

    pub(super) fn len(&self) -> usize {
        self.batch.num_rows()
    }

    pub(super) fn key(&self) -> (&str, &str) {
        (self.apps.value(self.row), self.accounts.value(self.row))
    }

    /// The first row of this batch that is not before a key.
    pub(super) fn up_to(&self, app: &str, account: &str) -> usize {
        let is_before = |row: usize| (self.apps.value(row), self.accounts.value(row)) < (app, account);
        // Most often it is near: look ahead in steps that double, then halve.
        let (mut known, mut step) = (self.row, 1);
        while known + step <= self.len() && is_before(known + step - 1) {
            known += step;
            step *= 2;
        }
        let (mut low, mut high) = (known, self.len().min(known + step));
        while low < high {
            let middle = (low + high) / 2;
            if is_before(middle) { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// To the next row; false when there is none.
    pub(super) fn step(&mut self) -> Result<bool> {
        self.row += 1;
        if self.row < self.len() { Ok(true) } else { self.refill() }
    }

    /// To the first row of the next batch; false when there is none.
    pub(super) fn refill(&mut self) -> Result<bool> {
        while let Some(batch) = self.batches.next().transpose()? {
            if batch.num_rows() > 0 {
                (self.apps, self.accounts) = keys(&batch, self.at);
                (self.batch, self.row) = (batch, 0);
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn keys(batch: &RecordBatch, at: usize) -> (StringArray, StringArray) {
    let key = |column: usize| batch.column(column).as_string::<i32>().clone();
    (key(at), key(at + 1))
}

/// Several such files, key by key: a heap of them by their next key. Each has a tag that tells what its rows mean.
pub(super) struct Heap<T> {
    files: Vec<(Sorted, T)>,
}

impl<T: Copy> Heap<T> {
    /// At the least key of all files.
    pub(super) fn of(files: Vec<(Sorted, T)>) -> Self {
        let mut heap = Self { files };
        for at in (0..heap.files.len() / 2).rev() {
            heap.sift_down(at);
        }
        heap
    }

    /// Shows every row of the next key; gives the key, none when there is none left.
    pub(super) fn next(&mut self, mut each: impl FnMut(&RecordBatch, usize, T)) -> Result<Option<(String, String)>> {
        let Some((first, _)) = self.files.first() else { return Ok(None) };
        let (app, account) = first.key();
        let (app, account) = (app.to_owned(), account.to_owned());
        while let Some((rows, tag)) = self.files.first_mut()
            && rows.key() == (app.as_str(), account.as_str())
        {
            each(&rows.batch, rows.row, *tag);
            if !rows.step()? {
                self.files.swap_remove(0);
            }
            self.sift_down(0);
        }
        Ok(Some((app, account)))
    }

    fn sift_down(&mut self, mut at: usize) {
        loop {
            let children = [2 * at + 1, 2 * at + 2].into_iter().filter(|child| *child < self.files.len());
            let Some(least) = children.min_by(|a, b| self.files[*a].0.key().cmp(&self.files[*b].0.key())) else {
                return;
            };
            if self.files[at].0.key() <= self.files[least].0.key() {
                return;
            }
            self.files.swap(at, least);
            at = least;
        }
    }
}
