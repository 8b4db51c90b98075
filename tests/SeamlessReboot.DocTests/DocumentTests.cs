using System.Text.RegularExpressions;
using NUnit.Framework;

namespace SeamlessReboot.DocTests;

/// <summary>What the documents show is what the samples have.</summary>
internal sealed partial class DocumentTests
{
    private static IEnumerable<string> Documents => new[] { "README.md", "INSTALLING.md", "ANGEL_INSTALL.md", "samples/README.md" }
        .Where(name => File.Exists(Repository.PathOf(name)));

    [TestCaseSource(nameof(Documents))]
    public void Every_excerpt_is_what_its_source_says(string document)
    {
        Assert.Multiple(() =>
        {
            foreach (Fence fence in Read(document).Where(f => f.Mark is not null))
                Assert.That(fence.Text, Is.EqualTo(Snippet.Read(fence.Mark!)), $"{document}, line {fence.Line}: {fence.Mark}. {Remedy}");
        });
    }

    [TestCaseSource(nameof(Documents))]
    public void Every_CSharp_fence_names_its_source(string document)
    {
        IEnumerable<int> unmarked = Read(document).Where(f => f.Language is "csharp" or "cs" or "c#" or "C#" && f.Mark is null).Select(f => f.Line);
        Assert.That(unmarked, Is.Empty, $"{document}: lines of C# fences without a line <!-- snippet: path#region --> before them");
    }

    [TestCaseSource(nameof(Documents))]
    public void Every_link_into_the_repository_leads_somewhere(string document)
    {
        string text = File.ReadAllText(Repository.PathOf(document));
        Assert.Multiple(() =>
        {
            foreach (Match link in Link().Matches(text))
            {
                string[] target = link.Groups[1].Value.Split('#');
                if (target[0].Contains(':', StringComparison.Ordinal))
                    continue; // the web
                string file = target[0].Length == 0 ? document : Path.Combine(Path.GetDirectoryName(document)!, target[0]);
                Assert.That(Path.Exists(Repository.PathOf(file)), $"{document} links to {file}, which is not there");
                if (target.Length > 1 && file.EndsWith(".md", StringComparison.Ordinal))
                    Assert.That(Anchors(file), Does.Contain(target[1]), $"{document} links to {link.Groups[1].Value}");
            }
        });
    }

    /// <summary>Not a test: writes the sources' regions into the documents.</summary>
    [Test]
    [Explicit(Remedy)]
    public void Write_the_excerpts_anew()
    {
        foreach (string document in Documents)
        {
            List<string> lines = [.. File.ReadAllLines(Repository.PathOf(document))];
            foreach (Fence fence in Read(document).Where(f => f.Mark is not null).Reverse())
            {
                lines.RemoveRange(fence.Line, fence.Text.Length);
                lines.InsertRange(fence.Line, Snippet.Read(fence.Mark!));
            }

            File.WriteAllLines(Repository.PathOf(document), lines);
        }

        Assert.Pass("Look at the differences before you commit them.");
    }

    private const string Remedy = "To write the excerpts anew: dotnet test tests/SeamlessReboot.DocTests --filter Name=Write_the_excerpts_anew";

    private static List<Fence> Read(string document) => Fence.ReadAll(File.ReadAllLines(Repository.PathOf(document)));

    /// <summary>The names that headings have as link targets: lower case, spaces as hyphens, without punctuation.</summary>
    private static IEnumerable<string> Anchors(string file) => File.ReadLines(Repository.PathOf(file))
        .Where(line => line.StartsWith('#'))
        .Select(line => NoAnchorCharacter().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"[^\p{L}\p{Nd} _-]")]
    private static partial Regex NoAnchorCharacter();
}
