/** The few words that the page needs to make elements. Texts are set as texts, never as markup. */

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 */
export const element = (name, attributes, ...children) => {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
};

const format = new Intl.NumberFormat("en-GB", { style: "currency", currency: "EUR" });

/** @param {number} amount */
export const euros = (amount) => format.format(amount);

/**
 * @param {Element} place
 * @param {(Node | string)[]} children
 */
export const show = (place, children) => place.replaceChildren(...children);
