"use strict";
// One key an answer, and the next question at once. Verdicts stay in this browser, or go to the server that is named.
{
  const {key, columns, questions, action, judged, open} = JSON.parse(document.getElementById("judged").textContent);
  const element = (id) => document.getElementById(id);
  const answers = [...document.querySelectorAll("[data-verdict]")];
  const kept = "imagelake verdicts " + key;
  const verdicts = action ? [] : JSON.parse(localStorage.getItem(kept) || "[]");
  const quoted = (text) => '"' + String(text).replaceAll('"', '""') + '"';
  let failure = "";
  let sent = Promise.resolve();

  const figure = (image) => {
    const [made, picture, caption] = ["figure", "img", "figcaption"].map((name) => document.createElement(name));
    picture.src = image.uri || "data:,";
    picture.alt = image.uri ? image.name : "no picture";
    caption.textContent = image.name;
    made.append(picture, caption);
    return made;
  };
  const progress = (question) => {
    if (failure) return failure;
    if (action) {
      const left = open - verdicts.length;
      const end = question ? "" : left > 0 ? "; reload the page for the next ones" : "; these were all";
      return `${judged + verdicts.length} judged, ${left} to go${end}`;
    }
    const done = questions.length && !question ? "; save them as CSV" : "";
    return `${verdicts.length} of ${questions.length} judged${done}`;
  };
  const show = () => {
    const question = questions[verdicts.length];
    element("progress").textContent = progress(question);
    element("progress").classList.toggle("wrong", Boolean(failure));
    element("answer").hidden = !question || Boolean(failure);
    element("undo").disabled = verdicts.length === 0 || Boolean(failure);
    if (!action) element("save").disabled = verdicts.length === 0;
    if (!question) return;
    element("pictures").replaceChildren(...question.images.map(figure));
    element("evidence").textContent = question.evidence;
    // The next pictures are there before they are asked for.
    for (const next of questions.slice(verdicts.length + 1, verdicts.length + 3)) {
      for (const image of next.images) if (image.uri) new Image().src = image.uri;
    }
  };
  const send = async (question, verdict) => {
    if (failure) return;
    const fields = [...question.cells.map((cell) => ["name", cell]), ["verdict", verdict]];
    const options = {method: "POST", body: new URLSearchParams(fields), headers: {Accept: "application/json"}, keepalive: true};
    try {
      const answer = await fetch(action, options);
      if (!answer.ok) throw new Error((await answer.json()).detail);
    } catch (error) {
      failure = `Not saved: ${error.message}. Reload the page to go on from what was saved.`;
      show();
    }
  };
  const keep = (question, verdict) => {
    if (action) sent = sent.then(() => send(question, verdict));
    else localStorage.setItem(kept, JSON.stringify(verdicts));
    show();
  };
  const judge = (verdict) => {
    const question = questions[verdicts.length];
    if (question && !failure) { verdicts.push(verdict); keep(question, verdict); }
  };
  const undo = () => {
    if (verdicts.length && !failure) { verdicts.pop(); keep(questions[verdicts.length], ""); }
  };
  const save = () => {
    const lines = verdicts.map((verdict, row) => [...questions[row].cells, verdict].map(quoted).join(","));
    const file = new Blob([[columns.join(",") + ",verdict", ...lines, ""].join("\n")], {type: "text/csv"});
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = "verdicts.csv";
    link.click();
    URL.revokeObjectURL(link.href);
  };
  for (const button of answers) {
    button.addEventListener("click", (event) => { event.preventDefault(); judge(button.dataset.verdict); });
  }
  element("undo").addEventListener("click", (event) => { event.preventDefault(); undo(); });
  if (!action) element("save").addEventListener("click", save);
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    const button = /^[a-z]$/i.test(event.key) && document.querySelector(`[data-key="${event.key.toLowerCase()}"]`);
    if (button) { event.preventDefault(); button.click(); }
  });
  show();
}
