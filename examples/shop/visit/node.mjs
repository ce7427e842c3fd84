/** A visitor without a browser: the shop's page modules in Node, over real HTTP, with what they need of a page. */

const jar = {};
let lost = "";
let ahead = 0;

/** Storage as pages know it: the items are its keys. */
class Storage {
  setItem(key, value) {
    this[key] = String(value);
  }
}

const makePage = (shop) => {
  const place = new URL(shop);
  const listeners = [];
  const [now, performed, request] = [Date.now, performance.now.bind(performance), fetch];
  Date.now = () => now() + ahead;
  performance.now = () => performed() + ahead;
  const globals = {
    location: place,
    localStorage: new Storage(),
    navigator: { onLine: true },
    addEventListener: (type, listener) => listeners.push([type, listener]),
    removeEventListener: (type, listener) => {
      const index = listeners.findIndex((one) => one[0] == type && one[1] == listener);
      if (index >= 0) listeners.splice(index, 1);
    },
    document: {
      referrer: "",
      visibilityState: "visible",
      get cookie() {
        return Object.entries(jar).filter(([name]) => name != "shop_session").map((pair) => pair.join("=")).join("; ");
      },
      set cookie(text) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(text);
        jar[name] = value;
      },
    },
    fetch: async (path, init = {}) => {
      const headers = new Headers(init.headers);
      headers.set("cookie", Object.entries(jar).map((pair) => pair.join("=")).join("; "));
      headers.set("origin", place.origin);
      const response = await request(new URL(path, place), { ...init, headers });
      for (const cookie of response.headers.getSetCookie()) globals.document.cookie = cookie;
      if (path != lost) return response;
      await response.arrayBuffer();
      throw new TypeError("the answer was lost");
    },
  };
  for (const [name, value] of Object.entries(globals)) Object.defineProperty(globalThis, name, { value, configurable: true });
  return (path) => (place.href = new URL(path, place).href);
};

/** @param {string} shop */
export const visitor = async (shop) => {
  const go = makePage(shop);
  const web = await import("../../../generated/web/index.js");
  const page = await import("../page/actions.js");
  let catalogue;
  const find = (id) => catalogue.find((product) => product.id == id);
  let basket = {};
  let placed;
  const view = (path, title, type) => {
    go(path);
    page.view(path.split("?")[0], title, type);
  };
  const copies = () => Object.keys(localStorage).filter((key) => key.startsWith("trackside.acme-shop/web.c."));
  return {
    name: `Node ${process.version}, without a browser`,
    open: async (path) => {
      go(path);
      if (!catalogue) page.start();
      catalogue = await page.products();
      view(path, "Shop", "home");
    },
    add: async (id) => {
      view(`/p/${id}`, find(id).name, "product");
      page.addToCart(find(id));
      basket[id] = (basket[id] || 0) + 1;
    },
    signUp: async (email, password) => {
      view("/account", "Account", "account");
      await page.signUp(email, password);
    },
    logIn: async (email, password) => {
      view("/account", "Account", "account");
      await page.logIn(email, password);
    },
    logOut: async () => page.logOut(),
    order: async () => {
      view("/cart", "Basket", "cart");
      placed = await page.order(basket, "standard");
      view("/checkout", "Checkout", "checkout");
      return { order: placed.order_id };
    },
    pay: async (card, { isAnswerLost = false } = {}) => {
      const path = "/api/orders/complete";
      lost = isAnswerLost ? path : "";
      const paying = page.pay(placed, card, performance.now());
      const copy = copies()[0];
      const { e, m, p } = JSON.parse(copy ? localStorage[copy] : "{}");
      const sealed = e && { ...e, time: Math.round(m + p) };
      try {
        await paying;
        basket = {};
        view(`/orders/${placed.order_id}`, "Order", "account");
      } catch (error) {
        if (!(error instanceof page.Refused) && !isAnswerLost) throw error;
        if (isAnswerLost) basket = {};
      }
      lost = "";
      return { order: placed.order_id, sealed };
    },
    twoMinutesLater: async () => {
      await web.flush(); // what else waits is of before
      ahead += 125_000;
      await web.flush();
      if (copies().length) throw new Error("the page still holds its copy");
    },
    sendBack: async (order) => {
      view(`/orders/${order}`, "Order", "account");
      await page.sendBack(order);
      for (let tries = 0; tries < 100; tries++) {
        if ((await page.me()).orders.some((one) => one.order_id == order && one.status == "refunded")) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error("the refund was not reported");
    },
    flush: async () => {
      for (let tries = 0; web.stats().waiting; tries++) {
        if (tries == 100) throw new Error("the page still holds what it should have sent");
        await web.flush();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    stats: async () => web.stats(),
    close: async () => {},
  };
};
