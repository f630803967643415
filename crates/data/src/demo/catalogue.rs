//! What the demo shop sells: valves, pumps, fittings and what goes with them.

/// A product of the shop.
pub(super) struct Product {
    /// article number
    pub id: String,
    /// name with size
    pub name: String,
    /// first level
    pub category: &'static str,
    /// second level
    pub category2: &'static str,
    /// maker
    pub brand: &'static str,
    /// in thousandths of a dollar, always whole cents
    pub price: i64,
    /// address of its page
    pub url: String,
}

/// All products and the pages that lead to them.
pub(super) struct Catalogue {
    /// those that sell best first
    pub products: Vec<Product>,
}

/// The shop's address.
pub(super) const SHOP: &str = "https://shop.northfield.example.com";

/// (article prefix, name, category, second category, brand, price of the smallest size in cents, sizes)
type Family = (&'static str, &'static str, &'static str, &'static str, &'static str, i64, &'static [&'static str]);

const PIPE: &[&str] = &["1/4\"", "3/8\"", "1/2\"", "3/4\"", "1\"", "1-1/4\"", "1-1/2\"", "2\""];
const PUMP: &[&str] = &["1/12 HP", "1/6 HP", "1/3 HP", "1/2 HP", "1 HP"];
const LARGE: &[&str] = &["2\"", "2-1/2\"", "3\"", "4\"", "6\"", "8\""];

const FAMILIES: [Family; 20] = [
    ("BV-100", "Brass Ball Valve, Full Port, FNPT", "Valves", "Ball Valves", "Ironwood", 890, PIPE),
    ("BV-316", "Stainless Ball Valve, 3-Piece, 316", "Valves", "Ball Valves", "Ironwood", 4_150, PIPE),
    ("GV-210", "Bronze Gate Valve, Class 125", "Valves", "Gate Valves", "Halvorsen", 1_990, PIPE),
    ("CV-330", "Swing Check Valve, Bronze", "Valves", "Check Valves", "Halvorsen", 1_740, PIPE),
    ("BF-400", "Butterfly Valve, Lug Style, EPDM", "Valves", "Butterfly Valves", "Ironwood", 8_900, LARGE),
    ("PR-550", "Water Pressure Reducing Valve", "Valves", "Regulators", "Corvane", 6_480, PIPE),
    ("CP-120", "Circulator Pump, Cast Iron", "Pumps", "Circulators", "Tidewell", 12_900, PUMP),
    ("SP-240", "Submersible Sump Pump", "Pumps", "Sump Pumps", "Tidewell", 14_450, PUMP),
    ("CN-300", "Condensate Removal Pump", "Pumps", "Condensate Pumps", "Tidewell", 7_240, PUMP),
    ("EL-090", "Copper Elbow 90°, C x C", "Fittings", "Copper Fittings", "Redmond", 85, PIPE),
    ("TE-100", "Copper Tee, C x C x C", "Fittings", "Copper Fittings", "Redmond", 132, PIPE),
    ("CO-150", "Press Coupling, Copper", "Fittings", "Press Fittings", "Redmond", 415, PIPE),
    ("UN-170", "Malleable Iron Union, Class 150", "Fittings", "Threaded Fittings", "Anvilton", 610, PIPE),
    ("NP-180", "Black Steel Nipple, Sch 40, 6\" long", "Fittings", "Threaded Fittings", "Anvilton", 240, PIPE),
    ("FL-600", "Weld Neck Flange, Class 150, A105", "Fittings", "Flanges", "Anvilton", 3_890, LARGE),
    ("PI-040", "Black Steel Pipe, Sch 40, 21 ft", "Pipe", "Steel Pipe", "Anvilton", 2_260, PIPE),
    ("PX-100", "PEX-A Tubing, 100 ft Coil", "Pipe", "PEX", "Corvane", 3_450, PIPE),
    (
        "PG-250",
        "Pressure Gauge, 2-1/2\" Dial, 0-160 psi",
        "Instruments",
        "Gauges",
        "Corvane",
        1_120,
        &["1/4\" LM", "1/4\" CBM", "1/2\" LM"],
    ),
    (
        "TH-310",
        "Bimetal Thermometer, 3\" Dial",
        "Instruments",
        "Thermometers",
        "Corvane",
        2_380,
        &["2-1/2\" stem", "4\" stem", "6\" stem"],
    ),
    (
        "TS-007",
        "PTFE Thread Seal Tape",
        "Supplies",
        "Sealants",
        "Redmond",
        95,
        &["1/2\" x 260\"", "3/4\" x 520\"", "1\" x 520\""],
    ),
];

impl Catalogue {
    /// The same catalogue every time: it needs no chance.
    pub fn new() -> Self {
        let mut products = Vec::new();
        let longest = FAMILIES.iter().map(|family| family.6.len()).max().unwrap_or_default();
        // Size by size through all families, so that the best sellers are of every kind.
        for size in 0..longest {
            for (prefix, name, category, category2, brand, cents, sizes) in FAMILIES {
                let Some(label) = sizes.get(size) else {
                    continue;
                };
                let step = i64::try_from(size).unwrap_or_default();
                let id = format!("{prefix}-{:02}", size + 1);
                products.push(Product {
                    url: format!("{SHOP}/p/{}", id.to_lowercase()),
                    name: format!("{name}, {label}"),
                    id,
                    category,
                    category2,
                    brand,
                    // Each size costs about a third more than the one before; always whole cents.
                    price: 10 * (cents + cents * step / 3 + 7 * step),
                });
            }
        }
        Self { products }
    }
}

/// The page that lists a second-level category.
pub(super) fn category_url(category2: &str) -> String {
    format!("{SHOP}/c/{}", category2.to_lowercase().replace(' ', "-"))
}
