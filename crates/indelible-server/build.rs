//! Packs the sample records of the repository into the binary, for `serve --demo`.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

const SAMPLES: &str = "../../samples";

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed={SAMPLES}");
    println!("cargo:rerun-if-changed=build.rs");
    let mut packed = Vec::new();
    for format in sorted(Path::new(SAMPLES))?.iter().filter(|path| path.is_dir() && !path.ends_with("LICENSES")) {
        for file in &sorted(format)? {
            let bytes = fs::read(file)?;
            let name = format.file_name().unwrap_or_default().to_string_lossy().into_owned();
            writeln!(packed, "{name} {}", bytes.len())?;
            packed.extend_from_slice(&bytes);
        }
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("samples.zst"), zstd::encode_all(&packed[..], 19)?)
}

fn sorted(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}
