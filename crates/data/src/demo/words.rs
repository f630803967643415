//! What people type into the demo shop's search field, as they type it.

/// Terms that find something, most frequent first.
pub(super) const FOUND: [&str; 24] = [
    "ball valve", "1/2 ball valve", "circulator pump", "press fitting", "pex", "sump pump", "gate valve", "BV-100-03",
    "teflon tape", "check valve", "Ball Valve ", "copper elbow 3/4", "pressure gauge", "union 1\"", "black pipe",
    "butterfly valve 4\"", "condensate pump", "prv", "nipple 1/2 x 6", "flange", "3/4 copper tee", "thermometer",
    "stainless ball valve", "100% ptfe tape",
];

/// Terms that find nothing, most frequent first.
pub(super) const NOT_FOUND: [&str; 18] = [
    "hydronic mixing valve",
    "flue pipe 4 inch",
    " glycol 5 gal ",
    "bv_100_xl",
    "sharkbite 1/2",
    "tankless flush kit",
    "50% glycol",
    "expansion tank 30",
    "ball vavle",
    "3-way actuator",
    "solder lead free",
    "wax ring",
    "mag drive pump",
    "filtro de agua",
    "zone valve 24v",
    "größe 1/2",
    "backflow preventer, 2 inch",
    "boiler drain",
];

/// Pages that are neither product nor category: (path, title).
pub(super) const PAGES: [(&str, &str); 8] = [
    ("/", "Northfield Industrial Supply"),
    ("/branches", "Our Branches"),
    ("/deals?utm_source=newsletter&utm_medium=email", "Deals of the Month"),
    ("/quick-order", "Quick Order Pad"),
    ("/account/orders", "My Orders"),
    ("/help/returns", "Returns"),
    ("/datasheets", "Data Sheets"),
    ("/about", "About Us"),
];
