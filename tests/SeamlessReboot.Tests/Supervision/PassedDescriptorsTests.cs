using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SeamlessReboot.Posix;
using SeamlessReboot.Supervision;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Supervision;

/// <summary>The names of what a supervisor has passed: in the variable, and in a file where they are too many for it.</summary>
[NonParallelizable]
internal sealed class PassedDescriptorsTests
{
    private const int First = 4200;

    [TearDown]
    public void CloseAll()
    {
        for (int fd = First; fd < First + 10; fd++)
            Fd.Close(fd);
    }

    [Test]
    public void Names_in_the_variable_are_those_of_its_descriptors()
    {
        List<PassedDescriptor> passed = Take("a:b", 2, []);
        Assert.That(passed, Is.EqualTo(new[] { new PassedDescriptor("a", First), new PassedDescriptor("b", First + 1) }));
        Assert.That(Fd.IsCloseOnExec(First), Is.True);
    }

    [Test]
    public void A_file_of_names_has_more_than_the_variable()
    {
        List<PassedDescriptor> passed = Take("a:b:seamless-names", 5, "a:b:seamless-names:c:d");
        Assert.That(passed.Select(p => p.Name), Is.EqualTo(new[] { "a", "b", "c", "d" }));
        Assert.That(passed.Select(p => p.Fd - First), Is.EqualTo(new[] { 0, 1, 3, 4 }));
        Assert.That(Fd.IsCloseOnExec(First + 2), Is.Null, "the file itself is closed");
        Assert.That(Fd.IsCloseOnExec(First + 4), Is.True);
    }

    [Test]
    public void Something_else_of_that_name_is_a_descriptor_like_any_other([Values("", "x:y:seamless-names:c", "a:b")] string text)
    {
        List<PassedDescriptor> passed = Take("a:b:seamless-names", 4, text);
        Assert.That(passed.Select(p => p.Name), Is.EqualTo(new[] { "a", "b", "seamless-names" }));
        Assert.That(Fd.IsCloseOnExec(First + 2), Is.True);
    }

    /// <param name="names">LISTEN_FDNAMES.</param>
    /// <param name="open">How many descriptors there are, with the same file behind each.</param>
    /// <param name="text">What the file holds.</param>
    private static List<PassedDescriptor> Take(string names, int open, ReadOnlySpan<char> text)
    {
        using SafeFileHandle file = MemoryFile.Create("test");
        RandomAccess.Write(file, Encoding.ASCII.GetBytes(text.ToArray()), 0);
        for (int i = 0; i < open; i++)
            _ = Libc.Duplicate((int)file.DangerousGetHandle(), First + i, 0);
        FakeProcess process = new() { First = First };
        process.Variables["LISTEN_PID"] = process.Pid.ToString(CultureInfo.InvariantCulture);
        process.Variables["LISTEN_FDS"] = names.Split(':').Length.ToString(CultureInfo.InvariantCulture);
        process.Variables["LISTEN_FDNAMES"] = names;
        return PassedDescriptors.Take(process);
    }
}
