// Runs once for each live picture on the page; `this` is an element in it.
const live = this.closest('.live'), silence = live.querySelector('.silence');

// What ipywidgets does not tell a screen reader: the name of a slider; the number that it shows (its
// own is not rounded, and on a logarithmic scale the exponent); which control a button moves.
const set = (element, name, words) => {
  if (element && element.getAttribute(name) !== words) element.setAttribute(name, words);
};
const tell = () => {
  for (const slider of live.querySelectorAll('.widget-slider')) tellSlider(slider);
  const picture = live.querySelector('img')?.parentElement;
  if (picture?.scrollWidth > picture?.clientWidth) set(picture, 'tabindex', '0');  // keys scroll it
};
const tellSlider = slider => {
  const name = slider.querySelector('label').textContent;
  const handle = slider.querySelector('[role=slider]'), number = slider.querySelector('.widget-readout');
  set(handle, 'aria-label', name);
  set(handle, 'aria-valuetext', number.textContent);
  set(number, 'role', 'textbox');
  set(number, 'aria-label', `${name}, as a number`);
  slider.closest('.widget-hbox')?.querySelectorAll('button').forEach(
    button => set(button, 'aria-label', `${button.textContent}: ${name}`));
};

// What no page says where a kernel has been stopped: why nothing happens.
let patience;
const asked = () => { patience ??= setTimeout(() => { silence.hidden = false; }, 5000); };
const answered = () => { patience = clearTimeout(patience); silence.hidden = true; };

new MutationObserver(changes => {
  tell();
  if (changes.some(change => change.attributeName === 'aria-valuenow')) asked();
  if (changes.some(change => change.target.closest('.picture'))) answered();
}).observe(live, {subtree: true, childList: true, attributeFilter: ['aria-valuenow', 'aria-valuetext']});
live.addEventListener('change', asked);
new ResizeObserver(tell).observe(live);
