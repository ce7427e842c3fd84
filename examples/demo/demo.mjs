// The browser's half of the demo: node examples/demo/demo.mjs ORDER DEVICE prints the copy that would be sent, as JSON.
//
// `client` stands where a page has `@amplitude/analytics-browser`: any object with its `track` will do.

import { configure, purchaseCompleted, setContext } from "../../generated/web/index.js";

const [order, device] = process.argv.slice(2);
const sent = [];

configure({
  strict: true,
  client: {
    track: (name, properties, options) => sent.push({ event_type: name, event_properties: properties, ...options }),
    getDeviceId: () => device,
  },
});
setContext({ app_version: "2026.4.1", locale: "de-DE" });

// Before the request leaves, a copy is sealed.
const copy = purchaseCompleted.pending({
  order_id: order,
  currency: "EUR",
  total_amount: 156.96,
  item_count: 2,
  payment_method: "card",
  checkout_ms: 48200,
});

// The answer never came, and nobody else told of the fact: now the copy goes out. `copy.drop()` is the usual end.
copy.send();

const event = Object.fromEntries(Object.entries(sent[0]).filter(([, value]) => value !== null));
console.log(JSON.stringify(event));
