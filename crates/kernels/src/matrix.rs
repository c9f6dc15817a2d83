//! Matrix products, by the `gemm` crate.

/// A row-major matrix or the transpose of one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// `values` as `[rows, columns]`, where there are as many rows as fit.
    ///
    /// # Panics
    /// If there are no columns, or values are left over.
    pub fn new(values: &'a [f32], columns: usize) -> Self {
        assert!(columns > 0 && values.len().is_multiple_of(columns));
        Self {
            values,
            rows: values.len() / columns,
            columns,
            row_stride: columns,
            column_stride: 1,
        }
    }

    /// The transpose, without moving anything.
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// Whether a product replaces what is there or is added to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// Replaces.
    Replace,
    /// Is added.
    Add,
}

/// `output = left right`, or `output += left right`, on the calling thread.
///
/// # Shapes
/// - left: `[m, k]`, right: `[k, n]`, output: `[m, n]`, row-major
pub(crate) fn multiply(output: &mut [f32], write: Write, left: Matrix<'_>, right: Matrix<'_>) {
    assert_eq!(left.columns, right.rows, "inner sizes of a matrix product");
    assert_eq!(output.len(), left.rows * right.columns);
    // SAFETY: the three matrices lie inside their slices, as `Matrix::new` and
    // the assertions have it, and the output overlaps neither input.
    unsafe {
        gemm::gemm(
            left.rows,
            right.columns,
            left.columns,
            output.as_mut_ptr(),
            1,
            right.columns as isize,
            write == Write::Add,
            left.values.as_ptr(),
            left.column_stride as isize,
            left.row_stride as isize,
            right.values.as_ptr(),
            right.column_stride as isize,
            right.row_stride as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            // Tiles are spread over threads; inside one the order is fixed.
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_transposes() {
        let left = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]; // [2, 3]
        let right = [1.0, 0.0, 2.0, 1.0, 0.0, 3.0]; // [3, 2]
        let mut output = [1.0; 4];
        multiply(
            &mut output,
            Write::Replace,
            Matrix::new(&left, 3),
            Matrix::new(&right, 2),
        );
        assert_eq!(output, [5.0, 11.0, 14.0, 23.0]);
        multiply(
            &mut output,
            Write::Add,
            Matrix::new(&left, 3),
            Matrix::new(&right, 2),
        );
        assert_eq!(output, [10.0, 22.0, 28.0, 46.0]);
        let mut outer = [0.0; 9];
        multiply(
            &mut outer,
            Write::Replace,
            Matrix::new(&left, 3).transposed(),
            Matrix::new(&right, 2).transposed(),
        );
        assert_eq!(outer, [1.0, 6.0, 12.0, 2.0, 9.0, 15.0, 3.0, 12.0, 18.0]);
    }
}
