/** The page: which view an address shows, and what its buttons do. */

import * as shop from "./actions.js";
import { element, euros, show } from "./dom.js";

const BASKET = "shop.basket";

/** @type {Record<string, number>} product to quantity; it is the shop's own, and has nothing to do with tracking */
const basket = (() => {
  try {
    return JSON.parse(sessionStorage.getItem(BASKET) || "{}");
  } catch {
    return {};
  }
})();

let catalogue = [];
let person = { user_id: null, orders: [] };
let began = 0;

const find = (id) => catalogue.find((product) => product.id == id);
const count = () => Object.values(basket).reduce((sum, quantity) => sum + quantity, 0);

const refresh = () => {
  try {
    sessionStorage.setItem(BASKET, JSON.stringify(basket));
  } catch {
    // A browser that keeps nothing keeps no basket.
  }
  document.querySelector("#cart-count").textContent = String(count());
  document.querySelector("#account-link").textContent = person.user_id ? "Account" : "Log in";
};

const notice = document.querySelector("#notice");
let fading;
const say = (text) => {
  clearTimeout(fading);
  notice.textContent = text;
  notice.hidden = false;
  fading = setTimeout(() => (notice.hidden = true), 6000);
};

/** Run what a button stands for, once at a time, and show what goes wrong. */
const doing = (button, action) => async (event) => {
  event.preventDefault();
  button.disabled = true;
  notice.hidden = true;
  try {
    await action();
  } catch (error) {
    say(error instanceof shop.Refused ? error.message : "The shop did not answer. Try again.");
  } finally {
    button.disabled = false;
  }
};

const button = (text, action, attributes = {}) => {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", doing(made, action));
  return made;
};

const form = (fields, text, action) => {
  const submit = element("button", { type: "submit" }, text);
  const inputs = fields.map(([name, label, attributes]) => element("input", { id: name, name, required: "", ...attributes }));
  const labels = fields.map(([name, label], index) => element("label", { for: name }, label, inputs[index]));
  const made = element("form", {}, ...labels, submit);
  made.addEventListener("submit", doing(submit, () => action(...inputs.map((input) => input.value))));
  return made;
};

const go = (path) => {
  history.pushState(null, "", path);
  return render();
};

// --- views ---

const picture = (product) =>
  element("div", { class: "picture" }, element("img", { src: `/page/pictures/${product.picture}.svg`, alt: "", width: "200", height: "200" }));

const home = () => [
  element("h1", {}, "Few things, for nights outside."),
  element(
    "ul",
    { class: "shelf" },
    ...catalogue.map((product) =>
      element(
        "li",
        {},
        element(
          "a",
          { href: `/p/${product.id}` },
          picture(product),
          element(
            "div",
            { class: "text" },
            element("h2", {}, product.name),
            element("p", {}, product.about),
            element("span", { class: "price" }, euros(product.price)),
          ),
        ),
      ),
    ),
  ),
];

const productView = (product) => {
  const shown = picture(product);
  shown.classList.add("panel");
  const left = product.stock - (basket[product.id] || 0);
  return [
    element(
      "div",
      { class: "product" },
      shown,
      element(
        "div",
        {},
        element("h1", {}, product.name),
        element("p", { class: "quiet" }, product.about),
        element("p", { class: "price" }, euros(product.price), element("span", { class: "quiet" }, " without tax")),
        left > 0
          ? button(
              "Add to basket",
              () => {
                basket[product.id] = (basket[product.id] || 0) + 1;
                shop.addToCart(product);
                return render(false);
              },
              { id: "add-to-cart" },
            )
          : element("p", {}, "Sold out for the moment."),
        basket[product.id] ? element("p", { class: "quiet" }, `${basket[product.id]} in your basket. `, element("a", { href: "/cart" }, "To the basket")) : "",
      ),
    ),
  ];
};

const lines = (rows) =>
  element("ul", { class: "lines" }, ...rows.map(([name, amount, mark]) => element("li", { class: mark || "" }, element("span", {}, name), element("span", { class: "price" }, amount))));

const bill = (order) =>
  lines([
    ...order.lines.map((line) => [`${line.quantity} × ${line.name}`, euros(line.price * line.quantity)]),
    ["Delivery", euros(order.shipping)],
    ["Tax", euros(order.tax)],
    ["Total", euros(order.total), "total"],
  ]);

const cart = () => {
  const chosen = Object.entries(basket).filter(([id]) => find(id));
  if (!chosen.length) return [element("h1", {}, "Your basket is empty."), element("p", {}, element("a", { href: "/" }, "Look at the shelves"))];
  const method = element("select", { id: "method" }, element("option", { value: "standard" }, "Standard, 4.90 €"), element("option", { value: "next_day" }, "Tomorrow, 9.90 €"));
  return [
    element("h1", {}, "Basket"),
    element(
      "div",
      { class: "panel narrow" },
      lines(chosen.map(([id, quantity]) => [`${quantity} × ${find(id).name}`, euros(find(id).price * quantity)])),
      element("form", {}, element("label", { for: "method" }, "Delivery", method)),
      element(
        "p",
        { class: "row" },
        button(
          "Check out",
          async () => {
            if (!person.user_id) return go("/account?then=/cart");
            const placed = await shop.order(basket, method.value);
            sessionStorage.setItem("shop.order", JSON.stringify(placed));
            return go("/checkout");
          },
          { id: "check-out" },
        ),
        button(
          "Empty it",
          () => {
            for (const id of Object.keys(basket)) delete basket[id];
            return render(false);
          },
          { class: "second" },
        ),
      ),
    ),
  ];
};

const checkout = () => {
  const placed = JSON.parse(sessionStorage.getItem("shop.order") || "null");
  if (!placed || !person.user_id) return cart();
  began = performance.now();
  return [
    element("h1", {}, "Checkout"),
    element(
      "div",
      { class: "panel narrow" },
      element("div", { class: "row" }, element("h2", {}, placed.order_id), element("span", { class: "quiet" }, "open")),
      bill(placed),
      form(
        [["card", "Card number", { inputmode: "numeric", autocomplete: "off", value: "4242 4242 4242 4242" }]],
        `Pay ${euros(placed.total)}`,
        async (card) => {
          const paid = await shop.pay(placed, card, began);
          sessionStorage.removeItem("shop.order");
          for (const id of Object.keys(basket)) delete basket[id];
          catalogue = await shop.products();
          return go(`/orders/${paid.order_id}`);
        },
      ),
      element("p", { class: "quiet" }, "Every number of 16 digits is taken but 4000 0000 0000 0002, which is declined."),
    ),
  ];
};

const orderPanel = (order) => {
  const panel = element(
    "div",
    { class: "panel narrow" },
    element("div", { class: "row" }, element("h2", {}, order.order_id), element("span", { class: "state" }, order.status)),
    bill(order),
  );
  if (order.status == "paid")
    panel.append(
      button(
        "Send it back",
        async () => {
          await shop.sendBack(order.order_id);
          // The provider reports the refund by its webhook, in a moment.
          for (let tries = 0; tries < 20; tries++) {
            await new Promise((resolve) => setTimeout(resolve, 500));
            await render(false);
            if (person.orders.some((one) => one.order_id == order.order_id && one.status == "refunded")) return;
          }
        },
        { class: "second" },
      ),
    );
  return panel;
};

const thanks = (id) => {
  const order = person.orders.find((one) => one.order_id == id);
  return order ? [element("h1", {}, "Thank you."), orderPanel(order)] : account();
};

const account = () => {
  if (person.user_id)
    return [
      element("h1", {}, "Your account"),
      element("p", { class: "row" }, element("span", { class: "quiet" }, person.user_id), button("Log out", () => shop.logOut().then(() => go("/")), { class: "second", id: "log-out" })),
      ...person.orders.map(orderPanel),
      person.orders.length ? "" : element("p", {}, "No orders yet."),
    ];
  const next = new URLSearchParams(location.search).get("then");
  const then = () => go(next == "/cart" ? next : "/account");
  const fields = (prefix, complete) => [
    [`${prefix}-email`, "E-mail", { type: "email", autocomplete: "email" }],
    [`${prefix}-password`, "Password", { type: "password", minlength: "8", autocomplete: complete }],
  ];
  return [
    element("h1", {}, "Your account"),
    element(
      "div",
      { class: "product" },
      element("div", { class: "panel" }, element("h2", {}, "New here"), form(fields("new", "new-password"), "Sign up", (email, password) => shop.signUp(email, password).then(then))),
      element("div", { class: "panel" }, element("h2", {}, "Back again"), form(fields("known", "current-password"), "Log in", (email, password) => shop.logIn(email, password).then(then))),
    ),
  ];
};

const lost = () => [element("h1", {}, "There is nothing here."), element("p", {}, element("a", { href: "/" }, "To the shop"))];

const viewOf = (path) => {
  const [, place, id] = path.split("/");
  const product = place == "p" && find(id);
  if (product) return [product.name, "product", () => productView(product)];
  if (!place) return ["Shop", "home", home];
  if (place == "cart") return ["Basket", "cart", cart];
  if (place == "checkout") return ["Checkout", "checkout", checkout];
  if (place == "account") return ["Account", "account", account];
  if (place == "orders") return ["Order", "account", () => thanks(id)];
  return ["Not found", "other", lost];
};

/** @param {boolean} [isNew] whether this is a page that comes into view, or the same one anew */
const render = async (isNew = true) => {
  person = await shop.me();
  const [title, type, view] = viewOf(location.pathname);
  document.title = `${title} · Acme Shop`;
  show(document.querySelector("#view"), view());
  refresh();
  if (isNew) {
    shop.view(location.pathname, title, type);
    scrollTo(0, 0);
  }
};

// --- begin ---

addEventListener("popstate", () => render());

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element && event.target.closest("a[href^='/']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  go(link.getAttribute("href"));
});

document.querySelector("#opt-out").addEventListener("click", (event) => {
  shop.optOut();
  event.target.replaceWith("You are not counted any more.");
});

shop.start();
try {
  catalogue = await shop.products();
  await render();
} catch {
  say("The shop did not answer. Load the page again.");
}
