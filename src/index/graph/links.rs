//! The links of one layer, as one list with an index of rows.

/// The links of all rows. A row that is not in the layer has no links.
#[derive(Debug, PartialEq)]
pub(super) struct Links {
    /// For each row the place in `rows` where its links begin, and one more entry for the end.
    starts: Vec<u32>,
    rows: Vec<u32>,
}

impl Links {
    /// From the links of each row, in order.
    pub(super) fn of_rows<'a>(links: impl Iterator<Item = &'a [u32]>) -> Self {
        let (mut starts, mut rows) = (vec![0], Vec::new());
        for of_row in links {
            rows.extend_from_slice(of_row);
            starts.push(u32::try_from(rows.len()).expect("there are at most u32::MAX links"));
        }
        Self { starts, rows }
    }

    /// The number of rows, with those that have no links.
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The rows that a row is linked to.
    pub(super) fn of(&self, row: u32) -> &[u32] {
        let row = row as usize;
        &self.rows[self.starts[row] as usize..self.starts[row + 1] as usize]
    }

    /// Appends the links as numbers.
    pub(super) fn write(&self, numbers: &mut Vec<u32>) {
        numbers.extend_from_slice(&self.starts);
        numbers.extend_from_slice(&self.rows);
    }

    /// Removes the links of `rows` rows from the front of `numbers`; `None` if a link leads to no row.
    pub(super) fn read(numbers: &mut &[u32], rows: usize) -> Option<Self> {
        let (starts, rest) = numbers.split_at_checked(rows + 1)?;
        let (links, rest) = rest.split_at_checked(*starts.last()? as usize)?;
        let sound = starts[0] == 0 && starts.is_sorted() && links.iter().all(|&row| (row as usize) < rows);
        *numbers = rest;
        sound.then(|| Self {
            starts: starts.into(),
            rows: links.into(),
        })
    }
}
