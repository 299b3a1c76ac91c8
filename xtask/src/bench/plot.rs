// SPDX-License-Identifier: MIT OR Apache-2.0
//! Draws a stored run, losses included: bytes per nanosecond and nanoseconds over the size.

use std::{ops::Range, path::Path};

use anyhow::{Context, Result, anyhow};
use plotters::{coord::Shift, prelude::*};

use super::rows::Run;

/// What is drawn, and in which colours.
pub const CANDIDATES: [(&str, RGBColor); 5] = [
    ("axptr", RGBColor(200, 30, 30)),
    ("rep movsb", RGBColor(30, 90, 200)),
    ("8-byte loop", RGBColor(230, 150, 30)),
    ("byte loop", RGBColor(120, 120, 120)),
    ("memcpy", RGBColor(30, 140, 60)),
];

const SCENARIOS: [&str; 2] = ["aligned", "misaligned"];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws all panels of a run.
pub fn draw(run: &Run, path: &Path) -> Result<()> {
    let area = SVGBackend::new(path, (1200, 900)).into_drawing_area();
    fill(run, &area).map_err(|error| anyhow!("drawing {}: {error}", path.display()))?;
    area.present().map_err(|error| anyhow!("writing {}: {error}", path.display()))
}

fn fill(run: &Run, area: &Area<'_>) -> Result<()> {
    area.fill(&WHITE)?;
    let about = |name| run.about(name).unwrap_or("?");
    let title = format!(
        "{} ({}), {}: copy_from_user, range check included",
        about("name"),
        about("cpu"),
        about("date")
    );
    let area = area.titled(&title, ("sans-serif", 20))?;
    let panels = area.split_evenly((2, SCENARIOS.len()));
    for (scenario, (above, below)) in SCENARIOS.into_iter().zip(panels.iter().zip(&panels[SCENARIOS.len()..]))
    {
        Panel { scenario, unit: "GB/s", range: 0.1..300.0, caption: true, lines: 10 }.draw(
            run,
            above,
            CANDIDATES,
            |size, nanoseconds| size as f64 / nanoseconds,
        )?;
        Panel { scenario, unit: "ns", range: 1.0..10_000_000.0, caption: true, lines: 10 }.draw(
            run,
            below,
            CANDIDATES,
            |_, nanoseconds| nanoseconds,
        )?;
    }
    Ok(())
}

/// One scenario over the size.
pub struct Panel<'a> {
    pub scenario: &'a str,
    pub unit: &'a str,
    pub range: Range<f64>,
    /// Whether it says above itself what it shows.
    pub caption: bool,
    /// How many thin lines there may be between two thick ones.
    pub lines: usize,
}

impl Panel<'_> {
    pub fn draw(
        self,
        run: &Run,
        area: &Area<'_>,
        candidates: impl IntoIterator<Item = (&'static str, RGBColor)>,
        figure: impl Fn(usize, f64) -> f64,
    ) -> Result<()> {
        let Self { scenario, unit, range, caption, lines } = self;
        let sizes: Vec<usize> =
            run.places().into_iter().filter(|(name, _)| *name == scenario).map(|(_, size)| size).collect();
        let longest = *sizes.iter().max().with_context(|| format!("{scenario} was not measured"))?;
        let mut builder = ChartBuilder::on(area);
        if caption {
            builder.caption(format!("{scenario}, {unit} over bytes"), ("sans-serif", 16));
        }
        let mut chart = builder
            .margin(8)
            .x_label_area_size(28)
            .y_label_area_size(64)
            .build_cartesian_2d((1.0..longest as f64).log_scale(), range.log_scale())?;
        let plain = |number: &f64| number.to_string();
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .max_light_lines(lines)
            .x_label_formatter(&plain)
            .y_label_formatter(&plain)
            .draw()?;
        for (candidate, colour) in candidates {
            let points = sizes.iter().filter_map(|&size| {
                let nanoseconds = run.time(scenario, size, candidate)?;
                Some((size as f64, figure(size, nanoseconds)))
            });
            chart
                .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
                .label(candidate)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
        }
        let free =
            if unit == "ns" { SeriesLabelPosition::UpperLeft } else { SeriesLabelPosition::LowerRight };
        chart
            .configure_series_labels()
            .position(free)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK)
            .draw()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{CANDIDATES, Run, SVGBackend, fill};
    use plotters::prelude::IntoDrawingArea;

    #[test]
    fn a_picture_names_the_machine_and_every_candidate() {
        let mut text = "# cpu: Vendor family 7 model 1\n# name: A CPU\n# date: 2026-01-01\n".to_owned();
        for scenario in ["aligned", "misaligned"] {
            for (size, (candidate, _)) in
                [1, 64, 4096].into_iter().flat_map(|size| CANDIDATES.map(|it| (size, it)))
            {
                text.push_str(&format!("{scenario},{size},{candidate},{size}.5\n"));
            }
        }
        let mut picture = String::new();
        {
            let area = SVGBackend::with_string(&mut picture, (1200, 900)).into_drawing_area();
            fill(&Run::parse(&text).unwrap(), &area).unwrap();
            area.present().unwrap();
        }
        let named = CANDIDATES.iter().all(|(candidate, _)| picture.contains(candidate));
        assert!(named && picture.contains("A CPU") && picture.contains("2026-01-01"), "{picture}");
        let mut nothing = String::new();
        let area = SVGBackend::with_string(&mut nothing, (1200, 900)).into_drawing_area();
        assert!(fill(&Run::parse("cold,1,axptr,1\n").unwrap(), &area).is_err());
    }
}
