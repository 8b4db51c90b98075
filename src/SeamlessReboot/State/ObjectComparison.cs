using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;

namespace SeamlessReboot;

/// <summary>
/// Finds the members in which two objects differ, however deep: fields of the application's own types, elements of collections,
/// entries of dictionaries, and their comparers. Cycles are no trouble. What cannot be the same in two objects (locks, tasks,
/// delegates, objects of this library) is passed over.
/// </summary>
[RequiresUnreferencedCode("Reflects over the objects' fields.")]
internal sealed class ObjectComparison(IReadOnlyCollection<string> except)
{
    private const int Most = 100;
    private readonly Queue<(string Path, object? Before, object? After)> _open = new();
    private readonly HashSet<(object, object)> _seen = new(new ByReference());
    private readonly Dictionary<string, string> _differences = [];

    /// <summary>One sentence for each member that differs, with its path; the first hundred.</summary>
    internal IReadOnlyList<string> Differences => [.. _differences.Values];

    internal void Compare(string path, object? before, object? after)
    {
        _open.Enqueue((path, before, after));
        while (_differences.Count < Most && _open.TryDequeue(out (string Path, object? Before, object? After) pair))
            CompareOne(pair.Path, pair.Before, pair.After);
        _open.Clear();
    }

    /// <summary>Compares the fields that the application's own types declare, and not what they inherit from this library.</summary>
    internal void CompareFields(string path, object before, object after)
    {
        for (Type? type = before.GetType(); type is not null; type = type.BaseType)
            if (MemberKinds.IsApplications(type))
                foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                    if (!MemberKinds.IsIgnored(field) && field.DeclaringType!.IsInstanceOfType(after))
                        Compare($"{path}.{MemberKinds.NameOf(field)}", field.GetValue(before), field.GetValue(after));
    }

    internal void Add(string path, string sentence)
    {
        if (!IsExcepted(path))
            _differences.TryAdd(path, $"{path}: {sentence}");
    }

    private void CompareOne(string path, object? before, object? after)
    {
        if (ReferenceEquals(before, after) || IsExcepted(path) || MemberKinds.IsPassedOver(before ?? after!))
            return;
        if (before is null || after is null)
            AddChange(path, before, after);
        else if (MemberKinds.AsText(before) is string text)
            CompareText(path, before, after, text);
        else if (!before.GetType().IsValueType && !_seen.Add((before, after)))
            return;
        else if (MemberKinds.IsCollection(before) && MemberKinds.IsCollection(after))
            CompareCollections(path, (IEnumerable)before, (IEnumerable)after);
        else if (before.GetType() != after.GetType())
            AddTypeChange(path, before, after);
        else
            EnqueueFields(path, before, after);
    }

    private void CompareText(string path, object before, object after, string text)
    {
        if (before.GetType() != after.GetType() && !(before is JsonNode && after is JsonNode)) // of those there are several for one thing
            AddTypeChange(path, before, after);
        else if (MemberKinds.AsText(after) != text)
            AddChange(path, before, after);
    }

    private void CompareCollections(string path, IEnumerable before, IEnumerable after)
    {
        if (MemberKinds.ComparerOf(before) is string comparer && MemberKinds.ComparerOf(after) is string other && comparer != other)
            Add(path, $"compares its keys with {other}, and did with {comparer}");
        List<(string? Key, object? Value)> was = Entries(before), becomes = Entries(after);
        if (was.Count != becomes.Count)
            Add(path, string.Create(CultureInfo.InvariantCulture, $"has {becomes.Count} elements, and had {was.Count}"));
        else if (was.All(e => e.Key is not null) && becomes.All(e => e.Key is not null))
            EnqueueByKey(path, was, becomes);
        else
            for (int i = 0; i < was.Count; i++)
                _open.Enqueue((string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), was[i].Value, becomes[i].Value));
        if (before.GetType() == after.GetType())
            EnqueueFields(path, before, after);
    }

    private void EnqueueByKey(string path, List<(string? Key, object? Value)> before, List<(string? Key, object? Value)> after)
    {
        Dictionary<string, object?> becomes = [];
        foreach ((string? key, object? value) in after)
            becomes[key!] = value;
        foreach ((string? key, object? value) in before)
        {
            if (becomes.TryGetValue(key!, out object? other))
                _open.Enqueue(($"{path}[{key}]", value, other));
            else
                Add($"{path}[{key}]", "is missing");
        }
    }

    /// <summary>With a key where the order means nothing: in a dictionary or a set of values that have a text.</summary>
    private static List<(string? Key, object? Value)> Entries(IEnumerable collection)
    {
        List<(string? Key, object? Value)> entries = [];
        if (collection is IDictionary dictionary)
        {
            foreach (DictionaryEntry entry in dictionary)
                entries.Add(MemberKinds.AsText(entry.Key) is string key ? (key, entry.Value) : (null, entry));
            return entries;
        }

        bool isSet = MemberKinds.IsSet(collection);
        foreach (object? element in collection)
            entries.Add((isSet && element is not null ? MemberKinds.AsText(element) : null, element));
        return entries;
    }

    private void EnqueueFields(string path, object before, object after)
    {
        for (Type? type = before.GetType(); type is not null; type = type.BaseType)
        {
            if (!MemberKinds.HasFieldsToCompare(type))
                continue;
            foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                if (!MemberKinds.IsIgnored(field))
                    _open.Enqueue(($"{path}.{MemberKinds.NameOf(field)}", field.GetValue(before), field.GetValue(after)));
        }
    }

    private void AddChange(string path, object? before, object? after) => Add(path, $"is {Shown(after)}, and was {Shown(before)}");

    private void AddTypeChange(string path, object before, object after) =>
        Add(path, $"is of type {after.GetType()}, and was of type {before.GetType()}");

    private static string Shown(object? value)
    {
        if (value is null)
            return "null";
        string text = MemberKinds.AsText(value) ?? value.GetType().ToString();
        text = text.Length > 100 ? text[..100] + "..." : text;
        return value is string ? $"\"{text}\"" : text;
    }

    private bool IsExcepted(string path) =>
        except.Any(e => path == e || (path.EndsWith(e, StringComparison.Ordinal) && path[path.Length - e.Length - 1] == '.'));

    private sealed class ByReference : IEqualityComparer<(object, object)>
    {
        public bool Equals((object, object) x, (object, object) y) => ReferenceEquals(x.Item1, y.Item1) && ReferenceEquals(x.Item2, y.Item2);

        public int GetHashCode((object, object) pair) => HashCode.Combine(
            System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(pair.Item1), System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(pair.Item2));
    }
}
