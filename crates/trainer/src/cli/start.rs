//! What a run starts from: recipe, data, weights and devices.

use clap::Args;
use pretrained::Family;
use trainer::device::DeviceKind;

use super::{
    locations::{DatasetArguments, ModelsArguments},
    overrides::RecipeArguments,
};

#[derive(Debug, Args)]
pub struct StartArguments {
    #[command(flatten)]
    pub dataset: DatasetArguments,
    /// Device: auto, cpu, cuda, rocm, metal, vulkan or wgpu, by what was compiled in
    #[arg(long, default_value_t = DeviceKind::Auto, value_name = "NAME")]
    pub device: DeviceKind,
    /// Which devices of that kind, counted from 0; several share the images of every batch
    #[arg(
        long,
        default_value = "0",
        value_delimiter = ',',
        value_name = "NUMBERS"
    )]
    pub devices: Vec<usize>,
    /// Padding and batch-norm epsilon of the weights [default: what their file says]
    #[arg(long, value_name = "torch|tensorflow", value_parser = family)]
    pub weights_family: Option<Family>,
    #[command(flatten)]
    pub models: ModelsArguments,
    #[command(flatten)]
    pub recipe: RecipeArguments,
}

fn family(text: &str) -> Result<Family, String> {
    match text {
        "torch" => Ok(Family::torch()),
        "tensorflow" => Ok(Family::tensorflow()),
        _ => Err("expected torch or tensorflow".to_owned()),
    }
}
