//! Times the operators over EfficientNet-B0's stack of blocks.
use kernels::*;
use std::time::Instant;
struct P {
    w: Vec<f32>,
    g: Vec<f32>,
    b: Vec<f32>,
    m: Vec<f32>,
    v: Vec<f32>,
}
fn rnd(n: usize, s: f32, seed: &mut u32) -> Vec<f32> {
    (0..n)
        .map(|_| {
            *seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
            ((*seed >> 8) as f32 / 8388608.0 - 1.0) * s
        })
        .collect()
}
impl P {
    fn new(n: usize, c: usize, fan: usize, seed: &mut u32) -> Self {
        P {
            w: rnd(n, (3.0 / fan as f32).sqrt(), seed),
            g: vec![1.0; c],
            b: vec![0.0; c],
            m: vec![0.0; c],
            v: vec![1.0; c],
        }
    }
    fn cn(&self) -> ConvNorm<'_> {
        ConvNorm {
            weights: &self.w,
            norm: Norm {
                weight: &self.g,
                bias: &self.b,
                running_mean: &self.m,
                running_variance: &self.v,
                epsilon: 1e-3,
            },
        }
    }
}
fn main() {
    let a: Vec<usize> = std::env::args()
        .skip(1)
        .map(|x| x.parse().unwrap())
        .collect();
    let (size, batch, threads) = (a[0], a[1], a[2]);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .unwrap();
    let mut s = 1u32;
    let st = P::new(32 * 27, 32, 27, &mut s);
    let mut blocks = vec![];
    let mut cin = 32;
    for (e, c, n, st, k) in [
        (1, 16, 1, 1, 3),
        (6, 24, 2, 2, 3),
        (6, 40, 2, 2, 5),
        (6, 80, 3, 2, 3),
        (6, 112, 3, 1, 5),
        (6, 192, 4, 2, 5),
        (6, 320, 1, 1, 3),
    ] {
        for i in 0..n {
            let m = cin * e;
            let q = cin / 4;
            blocks.push((
                (e > 1).then(|| P::new(m * cin, m, cin, &mut s)),
                P::new(m * k * k, m, k * k, &mut s),
                P::new(c * m, c, m, &mut s),
                rnd(q * m, 0.1, &mut s),
                vec![0.0; q],
                rnd(q * m, 0.1, &mut s),
                vec![0.0; m],
                Window {
                    kernel: k,
                    stride: if i == 0 { st } else { 1 },
                    padding: Padding::Same,
                },
                i > 0,
            ));
            cin = c;
        }
    }
    let hd = P::new(1280 * 320, 1280, 320, &mut s);
    let images = rnd(batch * 3 * size * size, 1.0, &mut s);
    let ishape = Shape {
        batch,
        height: size,
        width: size,
        channels: 3,
    };
    let mut best = (f64::MAX, f64::MAX);
    let verbose = a.len() > 3;
    for it in 0..6 {
        let t0 = Instant::now();
        let stem = Stem {
            conv: st.cn(),
            window: Window {
                kernel: 3,
                stride: 2,
                padding: Padding::Same,
            },
        };
        let (x, _, ssaved) = stem.forward(&images, ishape, Statistics::Batch);
        let mut shape = stem.output(ishape);
        if verbose && it == 5 {
            println!("stem {:.1} ms", t0.elapsed().as_secs_f64() * 1e3);
        }
        let mut xs = vec![(x, shape)];
        let mut saves = vec![];
        let mk = |b: &'_ (
            Option<P>,
            P,
            P,
            Vec<f32>,
            Vec<f32>,
            Vec<f32>,
            Vec<f32>,
            Window,
            bool,
        )|
         -> MbConv<'static> {
            let b: &'static _ = unsafe {
                &*(b as *const (
                    Option<P>,
                    P,
                    P,
                    Vec<f32>,
                    Vec<f32>,
                    Vec<f32>,
                    Vec<f32>,
                    Window,
                    bool,
                ))
            };
            MbConv {
                expand: b.0.as_ref().map(|p| p.cn()),
                depthwise: b.1.cn(),
                project: b.2.cn(),
                squeeze_excitation: SqueezeExcitation {
                    reduce: &b.3,
                    reduce_bias: &b.4,
                    expand: &b.5,
                    expand_bias: &b.6,
                },
                window: b.7,
                residual: b.8,
                branch_factors: None,
            }
        };
        for (i, b) in blocks.iter().enumerate() {
            let t = Instant::now();
            let blk = mk(b);
            let (y, _, sv) = blk.forward(&xs.last().unwrap().0, shape, Statistics::Batch);
            shape = blk.output(shape);
            xs.push((y, shape));
            saves.push(sv);
            if verbose && it == 5 {
                println!("fwd {i} {:.1} ms", t.elapsed().as_secs_f64() * 1e3);
            }
        }
        let head = Head { conv: hd.cn() };
        let (f, _, hs) = head.forward(&xs.last().unwrap().0, shape, Statistics::Batch);
        let t1 = t0.elapsed().as_secs_f64();
        let g: Vec<f32> = f.iter().map(|v| v * 1e-2).collect();
        let (_, dx) = head.backward(&hs, &xs.last().unwrap().0, shape, &g, true);
        let mut d = dx.unwrap();
        for (i, b) in blocks.iter().enumerate().rev() {
            let t = Instant::now();
            let blk = mk(b);
            let (_, dx) = blk.backward(&saves.pop().unwrap(), &xs[i].0, xs[i].1, &d, true);
            d = dx.unwrap();
            if verbose && it == 5 {
                println!("bwd {i} {:.1} ms", t.elapsed().as_secs_f64() * 1e3);
            }
        }
        stem.backward(&ssaved, &images, ishape, &d);
        let t2 = t0.elapsed().as_secs_f64();
        if t2 < best.1 {
            best = (t1, t2);
        }
    }
    let rss = std::fs::read_to_string("/proc/self/status")
        .unwrap()
        .lines()
        .find(|l| l.starts_with("VmHWM"))
        .unwrap()
        .to_string();
    println!(
        "{size}px b{batch} t{threads}: fwd {:.1} ms, step {:.1} ms, {:.1} img/s, {rss}",
        best.0 * 1e3,
        best.1 * 1e3,
        batch as f64 / best.1
    );
}
