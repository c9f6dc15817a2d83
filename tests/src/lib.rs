//! End-to-end tests of `trainer` and `infer`; see the files beside `src/`.
