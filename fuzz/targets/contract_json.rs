//! The model contract's JSON: what is accepted is valid and can be written and
//! read again.

#![no_main]

use contract::Contract;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Contract::from_json(text) {
        Ok(contract) => {
            let again = Contract::from_json(&contract.to_json());
            assert_eq!(again.expect("what was read can be written"), contract);
        }
        Err(error) => fuzz::one_line(&error),
    }
});
