// A plugin of Swagger UI, by its plugin API: a select box for each parameter that has an enum,
// above the editable text of a JSON body.

const CHOICES = (() => {
  const LEFT_OUT = "", LEFT_OUT_LABEL = "(left out)";
  const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g;
  const ROW = { display: "flex", flexWrap: "wrap", gap: "10px 20px", margin: "10px 0" };
  const COLUMN = { display: "flex", flexDirection: "column" };
  const INVALID = { borderColor: "#f93e3e" };

  // Returns the members of a JSON object, each name with the text of its value, or null where
  // `text` is something else. JSON.parse alone would not keep 5.0, 1e-7 and large integers.
  const parse = (text) => {
    try {
      JSON.parse(text);
    } catch {
      return null;
    }
    if (!text.trimStart().startsWith("{")) return null;
    const members = new Map();
    let depth = 0, name = null, start = null;
    for (const { 0: token, index } of text.matchAll(TOKEN)) {
      if (token === "}" || token === "]") depth -= 1;
      if (depth === 1 && token === ",") {
        name = start = null;
      } else if (depth === 1 && name === null) {
        name = JSON.parse(token);
      } else if (depth === 1 && token !== ":") {
        start ??= index;
        members.set(name, text.slice(start, index + token.length));
      }
      if (token === "{" || token === "[") depth += 1;
    }
    return members;
  };

  const format = (members) => {
    const lines = [...members].map(([name, value]) => `  ${JSON.stringify(name)}: ${value}`);
    return `{\n${lines.join(",\n")}\n}`;
  };

  const withValue = (members, name, value) => {
    const changed = new Map(members);
    if (value === LEFT_OUT) changed.delete(name);
    else changed.set(name, value);
    return format(changed);
  };

  // Returns the JSON text of each choice with what the select box shows for it.
  const choicesOf = (schema, isRequired) => {
    const choices = new Map(
      schema.get("enum").toArray().map((value) => {
        const json = JSON.stringify(value);
        return [json, typeof value === "string" ? value : json];
      }),
    );
    return isRequired ? choices : choices.set(LEFT_OUT, LEFT_OUT_LABEL);
  };

  const valueOf = (members, name) =>
    members?.has(name) ? JSON.stringify(JSON.parse(members.get(name))) : LEFT_OUT;

  const wrap = (ParamBody, { React }) => {
    const h = React.createElement;

    const Choice = ({ id, name, choices, members, onChange }) => {
      const isEnabled = members !== null;
      const value = valueOf(members, name);
      const isValid = !isEnabled || choices.has(value);
      const options = isEnabled ? new Map(choices) : new Map([[value, ""]]);
      // What the text has is shown even where it is none of the choices.
      if (!options.has(value)) options.set(value, value || LEFT_OUT_LABEL);
      return h("div", { style: COLUMN },
        h("label", { htmlFor: id }, name),
        h("select", {
          id,
          value,
          disabled: !isEnabled,
          title: isEnabled ? undefined : "The body is not a JSON object",
          style: isValid ? undefined : INVALID,
          "aria-invalid": !isValid,
          onChange: (event) => onChange(withValue(members, name, event.target.value)),
        }, [...options].map(([json, label]) => h("option", { key: json, value: json }, label))),
      );
    };

    return (props) => {
      const { param, isExecute, onChange, pathMethod } = props;
      const schema = param.get("schema");
      const properties = schema?.get("properties")?.filter((property) => property.get("enum"));
      if (!isExecute || !properties?.size) return h(ParamBody, props);
      const members = parse(param.get("value") ?? "");
      const boxes = [...properties].map(([name, property], index) => {
        const choices = choicesOf(property, schema.get("required")?.includes(name));
        const id = ["choice", ...pathMethod, index].join("-");
        return h(Choice, { key: name, id, name, choices, members, onChange });
      });
      return h("div", null, h("div", { style: ROW }, boxes), h(ParamBody, props));
    };
  };

  return () => ({ wrapComponents: { ParamBody: wrap } });
})();
