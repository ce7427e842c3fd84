/**
 * What a visitor does, as requests and as events. No line of this knows how the page looks: `main.js` calls it, and so
 * does the visit that `make demo` scripts where there is no browser.
 */

import {
  configure,
  flush,
  optOut,
  pageViewed,
  productAddedToCart,
  purchaseCompleted,
  purchaseInitiated,
  setContext,
  trackedFetch,
  userLoggedIn,
  userLoggedOut,
  userSignedUp,
} from "../../../generated/web/index.js";

/** The server has refused; the message is for the person. */
export class Refused extends Error {}

export const start = () => {
  configure({ onViolation: (violation) => console.error("breaks the tracking plan:", violation) });
  setContext({ app_version: "2026.4.1", locale: "en-GB" });
};

/** A request to the shop's server, which is told whose visit it is. */
const request = (path, body, headers = {}) =>
  trackedFetch(path, {
    method: body === undefined ? "GET" : "POST",
    headers: { ...(body !== undefined && { "Content-Type": "application/json" }), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });

const answer = async (response) => {
  const said = response.status == 204 ? {} : await response.json().catch(() => ({}));
  if (response.ok) return said;
  throw new Refused(typeof said.detail == "string" ? said.detail : "That did not work. Look at what you entered.");
};

export const products = async () => answer(await request("/api/products"));

export const me = async () => answer(await request("/api/me"));

export const view = (path, title, type) => pageViewed({ page_path: path, page_title: title, page_type: type });

export const addToCart = (product, quantity = 1) =>
  productAddedToCart({ product_id: product.id, price: product.price, quantity });

/** Hybrid: the account exists when the server says so. Until then the page holds a copy of the event. */
export const signUp = async (email, password) => {
  const copy = userSignedUp.pending({ signup_method: "email_password" });
  const response = await request("/api/accounts", { email, password }, copy.headers).catch((error) => {
    throw copy.settle(error);
  });
  const { user_id } = await response.clone().json().catch(() => ({}));
  copy.settle(response, { userId: user_id }); // from here on the page's events are for this person
  await answer(response);
  return user_id;
};

/** The page tells of the login, and from here on for whom its events are. */
export const logIn = async (email, password) => {
  const { user_id } = await answer(await request("/api/login", { email, password }));
  userLoggedIn({ login_method: "email_password" }, { userId: user_id });
  return user_id;
};

/** The event goes first: once the session has ended, the server knows nobody to count it for. */
export const logOut = async () => {
  userLoggedOut({ reason: "asked" });
  await flush();
  await answer(await request("/api/logout", {}));
};

/** The basket becomes an order. Its number is the key of the purchase on both sides. */
export const order = async (lines, method) => answer(await request("/api/orders", { lines, method }));

/** Hybrid: the server charges the card, and it alone states revenue. */
export const pay = async (placed, card, began) => {
  const { order_id, currency, total: total_amount } = placed;
  purchaseInitiated({ order_id, total_amount });
  const copy = purchaseCompleted.pending({
    order_id,
    currency,
    total_amount,
    item_count: placed.lines.reduce((sum, line) => sum + line.quantity, 0),
    payment_method: "card",
    items: placed.lines.map(({ product_id, quantity, price, category }) => ({ product_id, quantity, price, category })),
    delivery: { method: placed.method, country: "DE" },
    checkout_ms: Math.round(performance.now() - began),
  });
  // An answer that lists the key, one that says no, or none at all: each ends the copy in its own way.
  return answer(await copy.settle(request("/api/orders/complete", { order_id, card })));
};

export const sendBack = async (order_id) => answer(await request(`/api/orders/${order_id}/return`, {}));

export { flush, optOut };
