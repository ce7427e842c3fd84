// The browser's half of the demo: node examples/demo/demo.mjs ORDER DEVICE prints the copy that a page would hold, as JSON.
//
// Node is no page, so nothing is stored or sent here: what a page and a server share is the key.

import { configure, purchaseCompleted, setContext } from "../../generated/web/index.js";

const [order, device] = process.argv.slice(2);

configure({ strict: true });
setContext({ app_version: "2026.4.1", locale: "de-DE" });

const properties = {
  order_id: order,
  currency: "EUR",
  total_amount: 156.96,
  item_count: 2,
  payment_method: "card",
  checkout_ms: 48200,
};

// Before the request leaves, a copy is sealed; `copy.settle(response)` ends it.
const copy = purchaseCompleted.pending(properties);

const event = {
  event_type: "purchase_completed",
  event_properties: properties,
  insert_id: copy.insertId,
  device_id: device,
  time: Date.now(),
  ingestion_metadata: { source_name: "acme-shop/web", source_version: "1.0.0" },
};
console.log(JSON.stringify(event));
