//! A coarse picture of where elements differ.

/// It has at most so many rows and columns.
const MOST: (usize, usize) = (24, 64);

/// How many elements differ in each part of the last two dimensions.
#[derive(Clone)]
pub(super) struct Picture {
    rows: usize,
    columns: usize,
    height: usize,
    width: usize,
    cells: Vec<usize>,
}

impl Picture {
    pub(super) fn of(shape: &[usize]) -> Self {
        let (rows, columns) = match shape {
            [.., rows, columns] => (*rows, *columns),
            _ => (0, 0),
        };
        let (height, width) = (rows.min(MOST.0), columns.min(MOST.1));
        Self { rows, columns, height, width, cells: vec![0; height * width] }
    }

    /// Adds elements that lie side by side, of which the first has this flat index.
    pub(super) fn add(&mut self, first: usize, mut differs: &[bool]) {
        if self.cells.is_empty() {
            return;
        }
        let mut flat = first;
        while !differs.is_empty() {
            let (row, column) = (flat / self.columns % self.rows, flat % self.columns);
            let (here, after) = differs.split_at(differs.len().min(self.columns - column));
            let cells = &mut self.cells[row * self.height / self.rows * self.width..][..self.width];
            flat += here.len();
            differs = after;
            add_row(cells, self.columns, column, here);
        }
    }

    /// The counts, row by row; of the turned picture, column by column.
    pub(super) fn by_rows(&self, turned: bool) -> Vec<Vec<usize>> {
        match turned {
            false => self.cells.chunks(self.width.max(1)).map(<[usize]>::to_vec).collect(),
            true => (0..self.width)
                .map(|column| {
                    (0..self.height).map(|row| self.cells[row * self.width + column]).collect()
                })
                .collect(),
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.cells.iter_mut().zip(&other.cells).for_each(|(sum, more)| *sum += more);
    }
}

/// Adds a part of a row that begins at `column`.
fn add_row(cells: &mut [usize], columns: usize, column: usize, mut differs: &[bool]) {
    let width = cells.len();
    if width == columns {
        let sums = cells[column..].iter_mut().zip(differs);
        return sums.for_each(|(sum, &differs)| *sum += usize::from(differs));
    }
    let mut at = column;
    let from = column * width / columns;
    for (cell, sum) in cells.iter_mut().enumerate().skip(from) {
        // The first column of the next cell.
        let end = ((cell + 1) * columns).div_ceil(width);
        let (here, after) = differs.split_at(differs.len().min(end - at));
        *sum += marked(here);
        at = end;
        differs = after;
        if differs.is_empty() {
            return;
        }
    }
}

/// How many are marked.
pub(super) fn marked(differs: &[bool]) -> usize {
    // Bytes add up without a wider sum while there are few.
    let few = |some: &[bool]| usize::from(some.iter().map(|&one| u8::from(one)).sum::<u8>());
    differs.chunks(255).map(few).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_element_is_counted_in_its_cell() {
        for shape in [[1, 1], [3, 7], [24, 64], [25, 65], [50, 130], [7, 1000], [100, 3]] {
            let [rows, columns] = shape;
            let differs: Vec<bool> = (0..2 * rows * columns).map(|i| i * i % 7 < 3).collect();
            let mut picture = Picture::of(&[2, rows, columns]);
            for (at, some) in differs.chunks(97).enumerate() {
                picture.add(97 * at, some);
            }
            let (height, width) = (rows.min(24), columns.min(64));
            let mut cells = vec![0; height * width];
            for (flat, _) in differs.iter().enumerate().filter(|(_, differs)| **differs) {
                let (row, column) = (flat / columns % rows, flat % columns);
                cells[row * height / rows * width + column * width / columns] += 1;
            }
            assert_eq!(picture.cells, cells, "{shape:?}");
            assert_eq!(marked(&differs), cells.iter().sum::<usize>());
        }
    }
}
