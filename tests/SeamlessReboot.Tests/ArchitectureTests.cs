using System.Text.RegularExpressions;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests;

/// <summary>What ARCHITECTURE says of rooms: each uses Posix and the BCL, never another; only the hall sees them all.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed partial class ArchitectureTests
{
    private const string Hall = "Hall";
    private static readonly string[] _rooms = ["Sessions", "State", "Spool", "Descriptors", "Supervision", "Posix"];

    /// <summary>Where a descriptor's bare number has to be: at the kernel, on disk, and on its way between the two.</summary>
    private static readonly string[] _numbersAllowed =
    [
        "Posix/", "Descriptors/", "Hall/", "Rebooter", "Log.cs", "Spool/SpoolRecord.cs", "Spool/SpoolReader.cs", "Spool/SpoolDirectory.cs",
        "Supervision/PassedDescriptors.cs",
    ];

    [Test]
    public void No_room_uses_another_but_Posix([ValueSource(nameof(_rooms))] string room)
    {
        List<string> found = [];
        foreach (string other in _rooms.Where(r => r != room && r != "Posix"))
            found.AddRange(Uses(room, TypesOf(Path.Combine(Repository.Library, other))));
        Assert.That(found, Is.Empty);
    }

    [Test]
    public void No_room_uses_the_hall([ValueSource(nameof(_rooms))] string room) =>
        Assert.That(Uses(room, [.. TypesOf(Repository.Library, SearchOption.TopDirectoryOnly), .. TypesOf(Path.Combine(Repository.Library, Hall))]), Is.Empty);

    [Test]
    public void Every_call_into_libc_is_in_Posix() =>
        Assert.That(Files(Repository.Library).Where(f => !Short(f).StartsWith("Posix/", StringComparison.Ordinal) && Import().IsMatch(File.ReadAllText(f))), Is.Empty);

    [Test]
    public void Bare_descriptor_numbers_stay_where_they_must_be()
    {
        IEnumerable<string> found = Files(Repository.Library)
            .Where(f => !_numbersAllowed.Any(a => Short(f).StartsWith(a, StringComparison.Ordinal)) && Number().IsMatch(Code(f))).Select(Short);
        Assert.That(found, Is.Empty);
    }

    [Test]
    public void No_file_is_over_400_lines() =>
        Assert.That(Files(Path.Combine(Repository.Root, "src")).Concat(Files(Path.Combine(Repository.Root, "tests", "SeamlessReboot.Tests")))
            .Where(f => File.ReadLines(f).Count() > 400), Is.Empty);

    [Test]
    public void Every_room_is_known_here() =>
        Assert.That(Directory.GetDirectories(Repository.Library).Select(d => Path.GetFileName(d)!).Except(["bin", "obj", "Properties", Hall]), Is.EquivalentTo(_rooms),
            "Add the new room to this test, and to ARCHITECTURE.");

    private static List<string> Uses(string room, HashSet<string> types)
    {
        List<string> found = [];
        foreach (string file in Files(Path.Combine(Repository.Library, room)))
            foreach (Match word in Word().Matches(Code(file)))
                if (types.Contains(word.Value))
                    found.Add($"{Short(file)} uses {word.Value}");
        return found;
    }

    private static HashSet<string> TypesOf(string directory, SearchOption depth = SearchOption.AllDirectories) =>
        [.. Files(directory, depth).SelectMany(f => TypeDeclaration().Matches(File.ReadAllText(f)).Select(m => m.Groups[1].Value))];

    private static IEnumerable<string> Files(string directory, SearchOption depth = SearchOption.AllDirectories) =>
        Directory.EnumerateFiles(directory, "*.cs", depth).Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal));

    private static string Short(string file) => Path.GetRelativePath(Repository.Library, file);

    private static string Code(string file) => CommentOrString().Replace(File.ReadAllText(file), " ");

    [GeneratedRegex(@"^(?:public |internal |sealed |static |abstract |partial |readonly |unsafe |ref )*(?:class|record struct|record|struct|interface|enum) (\w+)", RegexOptions.Multiline)]
    private static partial Regex TypeDeclaration();

    // Of interpolated strings the code in braces goes too; what it uses is used elsewhere in the file.
    [GeneratedRegex("""//[^\n]*|\$?"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\])+'""")]
    private static partial Regex CommentOrString();

    [GeneratedRegex(@"\b[A-Z]\w+\b(?=(?:<[^>\n]*>)?\??[\s.(\[,>)])")]
    private static partial Regex Word();

    [GeneratedRegex(@"\bint\??\s+(?:fd|\w*Fd)\b")]
    private static partial Regex Number();

    [GeneratedRegex(@"\[(?:LibraryImport|DllImport)")]
    private static partial Regex Import();
}
