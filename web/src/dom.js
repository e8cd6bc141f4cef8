// Making elements once, and changing of them only what has changed: a state comes up to twenty times a second.
//
// Text is set as text and in no other way: what clients send never becomes markup.

/**
 * An element with a class, and what is in it.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} className
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

/**
 * Keeps the text node that is there, if it is alone: to make one for each figure of each state is most of what is thrown away.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  const only = node.firstChild;
  if (only instanceof Text && only === node.lastChild) {
    if (only.data !== text) only.data = text;
  } else if (node.textContent !== text) {
    node.textContent = text;
  }
}

/**
 * @param {Element} node
 * @param {string} name
 * @param {string | null} value null: without it
 */
export function setAttribute(node, name, value) {
  if (value === null) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== value) {
    node.setAttribute(name, value);
  }
}

/**
 * A custom property of CSS, by way of the object model: the page's content security policy allows no style attributes.
 * @param {HTMLElement} node
 * @param {string} name "--fill"
 * @param {string} value
 */
export function setProperty(node, name, value) {
  if (node.style.getPropertyValue(name) !== value) node.style.setProperty(name, value);
}

/**
 * Items of one kind below `parent`, made when first needed and hidden when not.
 * @template {{root: HTMLElement}} Item
 * @param {HTMLElement} parent
 * @param {() => Item} make
 */
export function itemPool(parent, make) {
  /** @type {Item[]} */
  const items = [];
  return {
    /**
     * The first `count` items, and no others, are seen.
     * @param {number} count
     * @returns {Item[]}
     */
    show(count) {
      while (items.length < count) {
        const item = make();
        items.push(item);
        parent.append(item.root);
      }
      items.forEach((item, i) => {
        if (item.root.hidden !== i >= count) item.root.hidden = i >= count;
      });
      return items.slice(0, count);
    },
  };
}
